"""What makes data fit to learn from."""
