"""The endpoints, by what they are about; each adapts words to a call."""
