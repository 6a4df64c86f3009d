"""Following a registry: what was promoted there answers soon after, without a restart."""
