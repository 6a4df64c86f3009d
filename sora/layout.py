"""Where everything lies, once. A test holds dvc.yaml to these paths."""

from pathlib import Path

DEMO_SOURCE = "data/demo"

MANIFEST = Path("data/manifest.csv")
SPLITS = Path("data/splits.csv")
FACTS = Path("data/facts")
THUMBNAILS = Path("data/thumbnails")
VALIDATED = Path("data/validated.csv")
QUARANTINE = Path("reports/quarantine.csv")
VALIDATION = Path("reports/validation.json")
VALIDATION_DOCS = Path("reports/validation_docs")
CLIPS = Path("data/clips")
CLIP_INDEX = Path("data/clips.csv")
CLIP_SPEC = Path("data/clip_spec.json")
FEATURES = Path("data/features")
FEATURE_INDEX = Path("data/features.csv")
INPUT_SPEC = Path("data/input_spec.json")
BACKBONE = Path("models/backbone.onnx")
TRAINED = Path("models/trained")
TRAINED_LABELS = Path("models/trained/labels.json")
HISTORY = Path("reports/history.csv")
METRICS = Path("reports/metrics.json")
PREDICTIONS = Path("reports/predictions.csv")
PER_CLASS = Path("reports/per_class.csv")
CONFUSION = Path("reports/confusion.csv")
PLOTS = Path("reports/plots")
BUNDLE = Path("models/sora")
COMPRESSION = Path("reports/compression.json")
REPORT = Path("reports/report.html")
BENTO = Path("models/sora-video.bento")
