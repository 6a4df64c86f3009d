"""A map of videos on which those that look alike to the model lie close together."""

import numpy as np

MIN_VIDEOS_FOR_TSNE = 20
MAX_VIDEOS_FOR_TSNE = 3000  # it takes half a minute; far more and the points cover each other anyway
_PERPLEXITY = 30
_START_SPREAD = 1e-4
_NO_SPREAD = 1e-9


def embedding_map(embeddings: np.ndarray) -> tuple[np.ndarray, str]:
    """Return places float64 (N, 2) of embeddings float (N, E), and the name of the method.

    From 20 to 3,000 videos t-SNE (van der Maaten and Hinton, 2008), which starts from the principal
    components; fewer or more are placed by those alone. On one machine equal embeddings give equal bytes.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        places = _principal_components(embeddings.astype(np.float64))
        spread = places[:, 0].std()
        if not MIN_VIDEOS_FOR_TSNE <= len(places) <= MAX_VIDEOS_FOR_TSNE or spread < _NO_SPREAD:
            return places, "principal components"
        perplexity = min(_PERPLEXITY, len(places) // 4)
        start = (places * _START_SPREAD / spread).astype(np.float32)
        tsne = TSNE(init=start, perplexity=perplexity, random_state=0, n_jobs=1)
        return tsne.fit_transform(embeddings).astype(np.float64), "t-SNE"


def _principal_components(embeddings: np.ndarray) -> np.ndarray:
    """Return the first two, with zeros where there are fewer; the sign of each is fixed."""
    centred = embeddings - embeddings.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    places = centred @ axes.T
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
