"""The only room that opens video files."""
