"""``sora compare``: two revisions of a project, by what their models said of the same held-out videos."""
