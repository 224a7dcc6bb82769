"""The small convolutional image encoder, and the input of VGG, as loops over NumPy arrays."""

import numpy as np

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
    """Computes the feature maps of five convolutions, the last of which sees coordinates.

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
        maps = convolution(maps, p[f"K_{number}"], stride)
        mean, variance = p[f"μ_{number}"], p[f"σ²_{number}"]
        if training:
            batch = maps.mean((0, 1, 2)), maps.var((0, 1, 2))
            moved[f"μ_{number}"] = MOMENTUM * mean + (1 - MOMENTUM) * batch[0]
            moved[f"σ²_{number}"] = MOMENTUM * variance + (1 - MOMENTUM) * batch[1]
            mean, variance = batch
        maps = (maps - mean) / np.sqrt(variance + EPSILON) * p[f"γ_{number}"] + p[f"β_{number}"]
        maps = np.maximum(maps, 0)
    return maps, moved


def convolution(maps, kernel, stride):
    """Convolution without bias. Zeros around the map, the odd one at its end, keep its size."""
    sizes = [-(-size // stride) for size in maps.shape[1:3]]
    padding = [
        max((count - 1) * stride + width - size, 0)
        for count, width, size in zip(sizes, kernel.shape, maps.shape[1:], strict=False)
    ]
    maps = np.pad(maps, [(0, 0), *((each // 2, each - each // 2) for each in padding), (0, 0)])
    found = np.zeros((len(maps), *sizes, kernel.shape[-1]))
    for row, column in np.ndindex(*sizes):
        top, left = row * stride, column * stride
        seen = maps[:, top : top + kernel.shape[0], left : left + kernel.shape[1]]
        found[:, row, column] = np.tensordot(seen, kernel, 3)
    return found


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
    """Turns RGB images in [0, 1] into the blue, green and red in 0..255 that VGG learned from."""
    found = np.zeros(images.shape)
    for channel, mean in enumerate(IMAGENET):
        found[..., channel] = 255 * images[..., 2 - channel] - mean
    return found
