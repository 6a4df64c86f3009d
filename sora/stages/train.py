"""train: the classifier, on stored features or from clips."""

import shutil
from dataclasses import asdict

import pandas as pd

from sora import layout
from sora.atomic import write_json
from sora.features import feature_table, load_features
from sora.manifest import labels_in, write_table
from sora.params import Settings, read_input_spec
from sora.quiet import import_tensorflow
from sora.trained import clip_paths
from sora.training.fitted import Fitted, OnEpoch, OwnBackbone, require_all_labels
from sora.training.live import showing
from sora.training.on_clips import LabelledClips, fit_clips
from sora.training.on_features import fit
from sora.training.spec import TrainSpec as Params

__all__ = ["Params", "run"]


def run(params: Params, settings: Settings) -> None:
    """Fit the classifier and write it with its labels and the history of the fit."""
    import_tensorflow()
    from sora.networks.model_files import save_model

    shutil.rmtree(layout.TRAINED, ignore_errors=True)  # another kind of network leaves other files
    videos = feature_table(("train", "val"))
    labels = sorted({label for joined in videos["label"] for label in labels_in(joined)})
    require_all_labels(videos, labels)
    on_features = params.network == "features"
    with showing(1 if on_features and params.head == "linear" else params.epochs, layout.LIVE_LOG) as show:
        if on_features:
            fitted = _fit_features(labels, params, settings.seed, show)
        else:
            fitted = _fit_clips(videos, labels, params, settings.seed, show)
    save_model(fitted.model, layout.TRAINED)
    if fitted.without_val is not None:
        save_model(fitted.without_val, layout.TRAINED_WITHOUT_VAL)
    if fitted.backbone:
        _write_backbone(fitted.backbone)
    write_json(layout.TRAINED_LABELS, labels)
    # A refit has no validation and follows the same schedule: its rows would only blur the curve.
    validated = [row for row in fitted.history if row["val_loss"] is not None]
    write_table(layout.HISTORY, pd.DataFrame(validated or fitted.history))
    name = params.head if on_features else params.network
    described = {"head": name, "num_parameters": fitted.num_parameters, "inner": fitted.inner}
    write_json(layout.TRAINING, described | {"calibration": asdict(fitted.calibration)})


def _fit_features(labels: list[str], params: Params, seed: int, on_epoch: OnEpoch) -> Fitted:
    # Augmented views are further rows: an epoch sees each of them once.
    features = load_features(("train", "val"), all_views=True)
    return fit(features, labels, params, seed, checkpoints=layout.UNFINISHED_FIT, on_epoch=on_epoch)


def _fit_clips(
    videos: pd.DataFrame, labels: list[str], params: Params, seed: int, on_epoch: OnEpoch
) -> Fitted:
    from sora.networks.model_files import load_model

    return fit_clips(
        _labelled(videos, "train"),
        _labelled(videos, "val"),
        labels,
        params,
        given=read_input_spec(layout.INPUT_SPEC),
        seed=seed,
        pretrained=load_model(layout.BACKBONE_MODEL) if params.network == "fine_tuned" else None,
        checkpoints=layout.UNFINISHED_FIT,
        on_epoch=on_epoch,
    )


def _labelled(videos: pd.DataFrame, split: str) -> LabelledClips:
    rows, paths = videos[videos["split"] == split], clip_paths()
    return LabelledClips([paths[path] for path in rows["path"]], list(rows["label"]), list(rows["group"]))


def _write_backbone(backbone: OwnBackbone) -> None:
    from sora.networks.model_files import save_model
    from sora.networks.onnx_export import export_onnx

    save_model(backbone.network, layout.TRAINED_BACKBONE_MODEL)
    export_onnx(backbone.network, layout.TRAINED_BACKBONE)
    write_json(layout.TRAINED_SPEC, asdict(backbone.spec))
