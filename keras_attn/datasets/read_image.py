"""Reader of image files of any mode, converted to RGB."""

import numpy as np

# Candidates for the value of white in images of floats, and of integers of more than eight bits.
# The smallest candidate that no pixel exceeds is used.
FLOAT_WHITES = (1.0, 255.0, 65535.0)
INTEGER_WHITES = (65535.0, 2.0**31 - 1)


def read_image(file, size, keep_aspect_ratio):
    """Reads one image and applies its EXIF orientation.

    Args:
        file: Path, or open binary file.
        size: Pair of positive integers, `(height, width)` of the result in pixels.
        keep_aspect_ratio: Boolean; `True` center-crops the longer side, `False` stretches the
            image.

    Returns:
        Float32 array of shape `(height, width, 3)` in [0, 1].

    Raises:
        ValueError: If a pixel is not finite, or exceeds the largest candidate for white.
    """
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I") or image.mode == "F":
            # PIL clips to eight bits instead of scaling.
            image = Image.fromarray(_scale_to_255(np.asarray(image)))
        elif image.has_transparency_data:
            image = image.convert("RGBA")
            background = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(background, image).convert("RGB")
        else:
            image = image.convert("RGB")
    target = tuple(reversed(size))
    if keep_aspect_ratio:
        image = ImageOps.fit(image, target, Image.Resampling.BILINEAR)
    else:
        image = image.resize(target, Image.Resampling.BILINEAR)
    pixels = np.asarray(image, "float32") / np.float32(255.0)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    return pixels


def _scale_to_255(pixels):
    """Scales brightness to float32 between 0 (black) and 255 (white)."""
    whites = FLOAT_WHITES if pixels.dtype.kind == "f" else INTEGER_WHITES
    pixels = pixels.astype("float64")
    white = next((each for each in whites if pixels.max() <= each), None)
    if white is None or not np.isfinite(pixels).all():
        raise ValueError(
            f"pixels must be finite and at most {whites[-1]:g}. "
            f"Received: pixels from {pixels.min()} to {pixels.max()}"
        )
    return (255.0 * np.clip(pixels / white, 0.0, 1.0)).astype("float32")
