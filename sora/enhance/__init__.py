"""Better pictures: super-resolution, less noise, no flicker, a steady camera."""
