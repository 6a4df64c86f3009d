"""Building a Bento: what it holds, and where BentoML keeps it."""
