"""What each model came from, and which videos it saw: told for ever, without DVC's cache."""

LINEAGE = "lineage"  # the folder in the registry
