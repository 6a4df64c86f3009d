"""train: the classifier, on stored features or from clips, from nothing or as the update of a parent."""

import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.features import feature_table, read_features
from sora.manifest import SPLIT_NAMES, labels_in, write_table
from sora.params import Settings, read_input_spec
from sora.quiet import import_tensorflow
from sora.trained import clip_paths
from sora.training.fitted import Fitted, OnEpoch, OwnBackbone, require_all_labels
from sora.training.live import showing
from sora.training.on_clips import LabelledClips, fit_clips
from sora.training.on_features import fit
from sora.training.parent import INSTEAD, LEARNED_COLUMNS, Parent, read_parent, splits_of_update
from sora.training.spec import TrainSpec as Params
from sora.training.update import rows_for_update, update

__all__ = ["Params", "run"]


def run(params: Params, settings: Settings) -> None:
    """Fit the classifier and write it with its labels and the history of the fit."""
    import_tensorflow()
    from sora.networks.model_files import save_model

    shutil.rmtree(layout.TRAINED, ignore_errors=True)  # another kind of network leaves other files
    on_features = params.network == "features"
    parent = _parent(params)
    views = _views(parent)
    videos = views[views["view"] == 0]
    labels = sorted({label for joined in videos["label"] for label in labels_in(joined)})
    require_all_labels(videos, labels)
    with showing(_num_epochs(params, parent), layout.LIVE_LOG) as show:
        if parent:
            fitted = _update(parent, views, labels, params, settings.seed, on_epoch=show)
        elif on_features:
            fitted = _fit_features(views, labels, params, settings.seed, show)
        else:
            fitted = _fit_clips(videos, labels, params, settings.seed, show)
    save_model(fitted.model, layout.TRAINED)
    if fitted.without_val is not None:
        save_model(fitted.without_val, layout.TRAINED_WITHOUT_VAL)
    if fitted.backbone:
        _write_backbone(fitted.backbone)
    write_json(layout.TRAINED_LABELS, labels)
    if fitted.choices:
        write_json(layout.TRAINED_CHOICES, asdict(fitted.choices))
    write_table(layout.TRAINED_LEARNED, views[LEARNED_COLUMNS].sort_values("key"))
    # A refit has no validation and follows the same schedule: its rows would only blur the curve.
    validated = [row for row in fitted.history if row["val_loss"] is not None]
    write_table(layout.HISTORY, pd.DataFrame(validated or fitted.history))
    name = params.head if on_features else params.network
    described = {"head": name, "num_parameters": fitted.num_parameters, "inner": fitted.inner}
    write_json(layout.TRAINING, described | {"calibration": asdict(fitted.calibration)})


def _parent(params: Params) -> Parent | None:
    if params.update.parent == layout.NO_PARENT.as_posix():
        return None
    if params.network != "features":
        raise SoraError(f"only heads on features can be updated, {params.network} cannot; {INSTEAD[3:]}")
    return read_parent(Path(params.update.parent))


def _num_epochs(params: Params, parent: Parent | None) -> int:
    in_one_step = params.network == "features" and params.head == "linear"
    return 1 if parent or in_one_step else params.epochs


def _views(parent: Parent | None) -> pd.DataFrame:
    """Return the rows of ``feature_table`` that are in train and val, be it by the splits of an update."""
    if parent is None:
        return feature_table(("train", "val"), all_views=True)
    views = feature_table(SPLIT_NAMES, all_views=True)
    views["split"] = splits_of_update(views, parent)
    return views[views["split"] != "test"].reset_index(drop=True)


def _update(
    parent: Parent, views: pd.DataFrame, labels: list[str], params: Params, seed: int, *, on_epoch: OnEpoch
) -> Fitted:
    needed = rows_for_update(views, parent, params.update.reservoir_size, seed)
    return update(parent, read_features(views[needed]), labels, params, seed, on_epoch=on_epoch)


def _fit_features(
    views: pd.DataFrame, labels: list[str], params: Params, seed: int, on_epoch: OnEpoch
) -> Fitted:
    # Augmented views are further rows: an epoch sees each of them once.
    features = read_features(views)
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
