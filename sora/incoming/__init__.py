"""New videos: what was put in the folder for them, and the service's feedback, becomes part of the source."""
