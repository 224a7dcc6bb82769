"""The small convolutional image encoder, and the input of VGG, as loops over NumPy arrays."""

import numpy as np

from tests.oracles.networks import convolution, relu

STRIDES = (2, 2, 1, 1, 1)
MOMENTUM, EPSILON = 0.9, 1e-3
# Mean of the blue, green and red pixels of ImageNet.
IMAGENET = (103.939, 116.779, 123.68)

# Symbol → path of the weight. K: kernels, γ, β, μ, σ²: batch normalization.
SYMBOLS = {
    f"{symbol}_{number}": path.format(number)
    for number in range(1, len(STRIDES) + 1)
    for symbol, path in {
        "K": "encoder/convolution_{}/kernel",
        "γ": "encoder/normalization_{}/gamma",
        "β": "encoder/normalization_{}/beta",
        "μ": "encoder/normalization_{}/moving_mean",
        "σ²": "encoder/normalization_{}/moving_variance",
    }.items()
}


def small(p, images, training=False):
    """Computes the feature maps of five convolutions, the last of which gets coordinates.

    Args:
        p: Dictionary of weights by symbol.
        images: Array of shape `(batch, height, width, channels)`.
        training: Boolean, whether to normalize with the statistics of the batch.

    Returns:
        Feature maps, and the moving statistics after the pass by symbol.
    """
    maps, moved = np.asarray(images, "float64"), {}
    for number, stride in enumerate(STRIDES, start=1):
        if number == len(STRIDES):
            maps = with_coordinates(maps)
        weights = p[f"K_{number}"], 0.0
        maps = np.stack([convolution(image, weights, stride) for image in maps])
        mean, variance = p[f"μ_{number}"], p[f"σ²_{number}"]
        if training:
            batch = maps.mean((0, 1, 2)), maps.var((0, 1, 2))
            moved[f"μ_{number}"] = MOMENTUM * mean + (1 - MOMENTUM) * batch[0]
            moved[f"σ²_{number}"] = MOMENTUM * variance + (1 - MOMENTUM) * batch[1]
            mean, variance = batch
        maps = (maps - mean) / np.sqrt(variance + EPSILON) * p[f"γ_{number}"] + p[f"β_{number}"]
        maps = relu(maps)
    return maps, moved


def with_coordinates(maps):
    """Appends the row and the column of each place as two channels from -1 to 1."""
    height, width = maps.shape[1:3]
    found = np.zeros((*maps.shape[:3], 2))
    for row, column in np.ndindex(height, width):
        found[:, row, column] = 2 * row / (height - 1) - 1, 2 * column / (width - 1) - 1
    return np.concatenate([maps, found], axis=-1)


def mean_of_blocks(p, images, training=False):
    """Computes the means of blocks of 4 × 4 pixels, an encoder without weights."""
    batch, height, width, channels = images.shape
    blocks = images.reshape(batch, height // 4, 4, width // 4, 4, channels)
    return blocks.mean((2, 4), dtype="float64"), {}


def vgg_input(images):
    """Returns the inputs of VGG for RGB images in [0, 1]: BGR in 0..255 less the mean."""
    found = np.zeros(images.shape)
    for channel, mean in enumerate(IMAGENET):
        found[..., channel] = 255 * images[..., 2 - channel] - mean
    return found
