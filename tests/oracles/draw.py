"""The windows of DRAW as loops over examples, filters, pixels and channels, in float64.

Pixels are counted from 1 here, as in the paper.
"""

import math

import numpy as np


def placed(numbers, height, width, patch_size):
    """`g_X`, `g_Y`, `δ`, `σ²` and `γ` of one window."""
    x, y, *logarithms = (float(number) for number in numbers)
    variance, stride, intensity = (math.exp(logarithm) for logarithm in logarithms)
    stride *= (max(height, width) - 1) / (patch_size - 1) if patch_size > 1 else 0.0
    return (width + 1) / 2 * (x + 1), (height + 1) / 2 * (y + 1), stride, variance, intensity


def filters(center, stride, variance, patch_size, size, padding_mode="border"):
    """`F`, whose rows sum to 1; or to less, if the filter extends beyond the image."""
    rows = np.zeros((patch_size, size))
    for i in range(1, patch_size + 1):
        mean = center + (i - patch_size / 2 - 0.5) * stride
        for a in range(1, size + 1):
            rows[i - 1, a - 1] = math.exp(-((a - mean) ** 2) / (2 * variance))
        whole = rows[i - 1].sum()
        if padding_mode == "zeros":
            whole = max(whole, min(1.0, math.sqrt(2 * math.pi * variance)), 1e-8)
        rows[i - 1] /= whole
    return rows


def read(numbers, images, patch_size, padding_mode="border"):
    """Reads one window from images of shape `(height, width, channels)`; returns a flat array."""
    height, width, channels = images[0].shape
    x, y, stride, variance, intensity = placed(numbers, height, width, patch_size)
    down = filters(y, stride, variance, patch_size, height, padding_mode)
    along = filters(x, stride, variance, patch_size, width, padding_mode)
    found = []
    for image in images:
        for i in range(patch_size):
            for j in range(patch_size):
                for channel in range(channels):
                    seen = 0.0
                    for b in range(height):
                        seen += down[i, b] * (image[b, :, channel] @ along[j])
                    found.append(intensity * seen)
    return np.array(found)


def write(numbers, image_shape, patch_size, padding_mode="border"):
    """Writes a patch, the first of the numbers, by a window, the last five, to an empty image."""
    height, width, channels = image_shape
    patch = np.reshape(numbers[:-5], (patch_size, patch_size, channels))
    x, y, stride, variance, intensity = placed(numbers[-5:], height, width, patch_size)
    down = filters(y, stride, variance, patch_size, height, padding_mode)
    along = filters(x, stride, variance, patch_size, width, padding_mode)
    image = np.zeros(image_shape)
    for i in range(patch_size):
        for j in range(patch_size):
            image += np.multiply.outer(np.outer(down[i], along[j]), patch[i, j]) / intensity
    return image


def window(numbers, height, width, patch_size):
    """Returns a window as the layers do, with pixels counted from 0.

    A tuple of center, stride, variance, intensity and box.
    """
    x, y, stride, variance, intensity = placed(numbers, height, width, patch_size)
    x, y, reach = x - 1, y - 1, stride * (patch_size - 1) / 2
    return [x, y], stride, variance, intensity, [x - reach, y - reach, x + reach, y + reach]
