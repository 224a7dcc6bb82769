"""Images of every kind that files hold, as red, green and blue."""

import numpy as np

# White of images whose pixels are integers of more than eight bits, or floats: the first of these
# that no pixel exceeds. Floats are brightness in [0, 1] unless a pixel is larger.
FLOAT_WHITES = (1.0, 255.0, 65535.0)
INTEGER_WHITES = (65535.0, 2.0**31 - 1)


def read_image(file, size, keep_aspect_ratio):
    """Reads one image, upright as the camera held it.

    Args:
        file: Path, or an open binary file.
        size: `(height, width)` of the result, in pixels.
        keep_aspect_ratio: Boolean, whether to crop the longer side around the middle; otherwise
            the image is squeezed.

    Returns:
        Float32 array `(height, width, 3)` in [0, 1].

    Raises:
        ValueError: If pixels are not finite, or larger than any known white.
    """
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I") or image.mode == "F":
            # PIL's own conversion to eight bits clips instead of scaling.
            image = Image.fromarray(_scaled(np.asarray(image)))
        elif image.has_transparency_data:
            image = image.convert("RGBA")
            page = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(page, image).convert("RGB")
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


def _scaled(pixels):
    """Brightness of each pixel as float32 between 0, black, and 255, white."""
    whites = FLOAT_WHITES if pixels.dtype.kind == "f" else INTEGER_WHITES
    pixels = pixels.astype("float64")
    white = next((each for each in whites if pixels.max() <= each), None)
    if white is None or not np.isfinite(pixels).all():
        raise ValueError(f"pixels from {pixels.min()} to {pixels.max()}")
    return (255.0 * np.clip(pixels / white, 0.0, 1.0)).astype("float32")
