import io

import numpy as np
import pytest
from matplotlib.image import imread

from sora.evaluation import plots

BINS = [
    {"confidence_low": low, "confidence_high": high, "mean_confidence": mean, "accuracy": right}
    | {"num_videos": count}
    for low, high, mean, right, count in ((0.4, 0.6, 0.5, 0.25, 4), (0.8, 1.0, 0.95, 0.9, 40))
]
ROC = {
    f"$label{i}": {"false_positive_rate": [0, 0.1, 1], "true_positive_rate": [0, 0.9 - i / 20, 1]}
    for i in range(8)
}
PRECISION_RECALL = {name: {"recall": [0, 0.5, 1], "precision": [1, 1, 0.5]} for name in ROC}


@pytest.mark.parametrize(
    ("draw", "given", "without"),
    [
        (plots.reliability_plot, BINS, []),
        (plots.roc_plot, ROC, {}),
        (plots.precision_recall_plot, PRECISION_RECALL, {}),
    ],
)
def test_a_figure_is_the_same_bytes_again_and_without_data_still_a_figure(draw, given, without):
    image = imread(io.BytesIO(draw(given)))
    assert image.shape[0] > 400
    assert draw(given) == draw(given)
    assert b"<svg" in draw(given, "svg")
    empty = imread(io.BytesIO(draw(without)))
    assert np.abs(image[..., :3] - 1).sum() > np.abs(empty[..., :3] - 1).sum()


def test_the_worst_labels_are_named_with_their_areas():
    drawn = plots.roc_plot(ROC, "svg").decode()
    assert "$label7  0.725" in drawn
    assert "$label2  0.850" in drawn
    assert "$label1" not in drawn  # the sixth but one of eight
    assert "$label0  0.750" in plots.precision_recall_plot(PRECISION_RECALL, "svg").decode()
