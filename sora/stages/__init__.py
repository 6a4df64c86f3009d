"""One module per stage of the pipeline: its parameters, read, call the rooms below, write."""

STAGES = (
    "ingest",
    "validate",
    "preprocess",
    "extract",
    "train",
    "evaluate",
    "stress",
    "explain",
    "compress",
    "package",
)
