"""Smaller and faster models, and whether they still agree with the float one."""
