"""The BentoML service: adapts types, delegates."""
