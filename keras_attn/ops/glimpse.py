"""A look at images through a window, and a stroke through one, from the numbers of a projection."""

from keras import ops

from keras_attn.ops import kernels
from keras_attn.ops.gaussian_window import (
    gaussian_filters,
    gaussian_window,
    read_patch,
    write_patch,
)

# Numbers that place a window.
NUMBERS = 5


def look(images, numbers, patch_size, padding_mode="border"):
    """Reads the patch of a window from images, times the intensity.

    Args:
        images: a list of `(batch, height, width, channels)`, all of one shape and dtype.
        numbers: `(batch, 5)`, see `gaussian_window`.
        patch_size: number of filters in each direction.
        padding_mode: see `gaussian_filters`.

    Returns:
        The patches side by side, `(batch, images * patch_size * patch_size * channels)`, and a
        `GaussianWindow`.
    """
    kernel = kernels.load("look") if padding_mode == "border" else None
    if kernel:
        return kernel(images, numbers, patch_size)
    return plain_look(images, numbers, patch_size, padding_mode)


def plain_look(images, numbers, patch_size, padding_mode="border"):
    """`look` by the functions that it is made of."""
    window, *filters = plain_placed_window(numbers, images[0].shape[1:3], patch_size, padding_mode)
    size = patch_size**2 * images[0].shape[-1]
    patches = [ops.reshape(read_patch(image, *filters), (-1, size)) for image in images]
    patch = ops.concatenate(patches, axis=-1) if len(patches) > 1 else patches[0]
    return patch * ops.cast(window.intensity, patch.dtype)[:, None], window


def paint(numbers, canvas_shape, patch_size, padding_mode="border"):
    """A patch over the intensity of its window, put where that is.

    Args:
        numbers: `(batch, patch_size * patch_size * channels + 5)`: the patch, then those of
            `gaussian_window`.
        canvas_shape: `(height, width, channels)`.
        patch_size: number of filters in each direction.
        padding_mode: see `gaussian_filters`.

    Returns:
        The stroke, `(batch, height, width, channels)`, and a `GaussianWindow`.
    """
    kernel = kernels.load("paint") if padding_mode == "border" else None
    if kernel:
        return kernel(numbers, canvas_shape, patch_size)
    return plain_paint(numbers, canvas_shape, patch_size, padding_mode)


def plain_paint(numbers, canvas_shape, patch_size, padding_mode="border"):
    """`paint` by the functions that it is made of."""
    *size, channels = canvas_shape
    window, *filters = plain_placed_window(numbers[:, -NUMBERS:], size, patch_size, padding_mode)
    patch = ops.reshape(numbers[:, :-NUMBERS], (-1, patch_size, patch_size, channels))
    patch = patch / ops.cast(window.intensity, patch.dtype)[:, None, None, None]
    return write_patch(patch, *filters), window


def plain_placed_window(numbers, image_size, patch_size, padding_mode="border"):
    """A `GaussianWindow`, and its filters along `y` and `x`, `(batch, patch_size, pixels)` each."""
    window = gaussian_window(numbers, image_size, patch_size)
    centers, stride, variance = (
        (window.center_y, window.center_x), window.stride, window.variance,
    )  # fmt: skip
    height, width = image_size
    if height == width:
        # Both axes at once.
        one = (ops.concatenate(each) for each in (centers, [stride] * 2, [variance] * 2))
        filters = gaussian_filters(*one, patch_size, height, padding_mode)
        # Not `split`, for which the tracer of PyTorch hardcodes the batch size.
        filters = ops.reshape(filters, (2, -1, patch_size, height))
        return window, filters[0], filters[1]
    filters = (
        gaussian_filters(center, stride, variance, patch_size, size, padding_mode)
        for center, size in zip(centers, image_size, strict=True)
    )
    return window, *filters
