"""The network that adds to a picture twice as large what interpolation cannot know."""

import keras
from keras import layers


def subpixel_network(filters: tuple[int, int]) -> keras.Model:
    """Return a network over luma of any size, whose weights of the last layer are 0: it adds nothing yet.

    Efficient sub-pixel convolutions (Shi et al., "Real-time single image and video super-resolution using an
    efficient sub-pixel convolutional neural network", 2016), without padding and without the last
    re-arrangement: what it gives are the four pixels that each pixel becomes.

    Input ``luma``: float32 (N, H, W, 1) in [-0.5, 0.5]. Output: float32 (N, H - 8, W - 8, 4), what is to be
    added to the enlarged luma at the top left, top right, bottom left and bottom right of each pixel, in
    units of 16 levels.

    Args:
        filters: of the first layer, 5 x 5 px, and of the second, 3 x 3 px.
    """
    luma = keras.Input((None, None, 1), name="luma")
    maps = layers.Conv2D(filters[0], 5, activation="tanh")(luma)
    maps = layers.Conv2D(filters[1], 3, activation="tanh")(maps)
    added = layers.Conv2D(4, 3, kernel_initializer="zeros", name="added")(maps)
    return keras.Model(luma, added, name="subpixel")
