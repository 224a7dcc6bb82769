"""Clean digits drawn from the fonts that matplotlib brings along: data that need no download."""

import functools
import os

import numpy as np

from keras_attn.datasets.warping import bilinear_sample, check_count, chunks, streams
from keras_attn.datasets.warps import offsets

# The families of one split are wholly absent from the other: DejaVu and STIX (drawn after Times)
# against Computer Modern. Both have upright and slanted, light and bold faces, with and without
# serifs, and of fixed width.
GLYPH_FACES = {
    "train": (
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSans-Oblique",
        "DejaVuSans-BoldOblique",
        "DejaVuSansMono",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-BoldOblique",
        "DejaVuSerif",
        "DejaVuSerif-Bold",
        "DejaVuSerif-Italic",
        "DejaVuSerif-BoldItalic",
        "STIXGeneral",
        "STIXGeneralBol",
        "STIXGeneralItalic",
        "STIXGeneralBolIta",
    ),
    "test": ("cmr10", "cmb10", "cmti10", "cmss10", "cmtt10"),
}

# A master is a glyph 80 pixels high in a frame of 112, as MNIST has 20 in 28.
MASTER_HEIGHT, MASTER_SIZE = 80, 112
# How far from the outline the master knows its distance: 2 pixels of a 28×28 image.
REACH = 8


def glyph_digits(split="train", num_examples=None, size=28, seed=0, verbose=0):
    """Digits drawn from the TrueType fonts of matplotlib, laid out like MNIST.

    Every example has a random digit, face, width and height (85 to 105 %, where 100 % makes the
    digit 20 pixels high), weight (the outline is moved by 0.15 pixels inwards to 0.45 outwards)
    and position (the centre of mass within 1 pixel of the middle), in pixels of a 28×28 image.
    Edges are antialiased. The faces of the two splits come from different font
    families (`GLYPH_FACES` in this file), so that the test asks for digits in a hand
    that training has not seen.

    Args:
        split: `"train"`, 16 faces of DejaVu and STIX, or `"test"`, 5 faces of Computer Modern.
        num_examples: how many; `None` for 10,000 to train with and 2,000 for the test.
        size: side of the images, in pixels.
        seed: non-negative integer, or several. The first examples are the same however many
            follow.
        verbose: 1 shows a progress bar.

    Returns:
        `(images, labels)`: float32 `(N, size, size, 1)` in [0, 1], and int32 `(N,)` in 0..9.

    Raises:
        ValueError: for an unknown split, or a number or size that is not positive.

    Example:

    >>> images, labels = keras_attn.datasets.glyph_digits("test", num_examples=3)
    >>> images.shape, labels.shape
    ((3, 28, 28, 1), (3,))
    """
    if split not in tuple(GLYPH_FACES):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    if num_examples is None:
        num_examples = 10_000 if split == "train" else 2_000
    num = check_count(num_examples, "num_examples", 0)
    size = check_count(size, "size")
    masters = _masters(GLYPH_FACES[split])

    label_stream, face_stream, form_stream = streams(seed, 3)
    labels = label_stream.integers(0, 10, num, dtype="int32")
    faces = face_stream.integers(0, len(GLYPH_FACES[split]), num)
    form = form_stream.uniform(-1, 1, (num, 5)).astype("float32")
    width, height = 0.95 + 0.1 * form[:, 0], 0.95 + 0.1 * form[:, 1]
    weight = (0.15 + 0.3 * form[:, 2]) * (size / 28)

    # From the pixels of the image to those of the master.
    step = MASTER_SIZE / size
    middle = np.float32((MASTER_SIZE - 1) / 2)
    images = np.empty((num, size, size, 1), dtype="float32")
    for part in chunks(num, verbose, size=1024):
        shift = (size / 28) * form[part, 3:, None, None]
        across = (offsets(size)[None, None, :] - shift[:, 0]) * (step / width[part, None, None])
        down = (offsets(size)[None, :, None] - shift[:, 1]) * (step / height[part, None, None])
        across, down = np.broadcast_arrays(across + middle, down + middle)
        distance = bilinear_sample(masters, across, down, faces[part] * 10 + labels[part])[..., 0]
        # 0 is REACH inside of nothing, 1 is REACH inside of the stroke.
        scale = np.sqrt(width[part] * height[part]) * (2 * REACH / step)
        inside = (distance - np.float32(0.5)) * scale[:, None, None].astype("float32")
        coverage = inside + (np.float32(0.5) + weight[part, None, None])
        images[part, :, :, 0] = np.clip(coverage, 0, 1)
    return images, labels


@functools.lru_cache(maxsize=4)
def _masters(faces):
    """`(faces · 10, MASTER_SIZE, MASTER_SIZE, 1)`: how deep each pixel lies in the stroke.

    0 is `REACH` or more outside, 0.5 the outline, 1 is `REACH` or more inside. Resampling a
    distance, other than resampling the picture, keeps edges sharp and lets the weight change.
    """
    glyphs = np.stack([_glyph(face, str(digit)) for face in faces for digit in range(10)])
    inside = _distance_to_zero(glyphs)
    outside = _distance_to_zero(~glyphs)
    return (0.5 + (inside - outside) / (2 * REACH))[..., None].astype("float32")


def _glyph(face, digit):
    """One digit as a boolean picture, `MASTER_HEIGHT` high, its centre of mass in the middle."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    file = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", f"{face}.ttf")
    outline = TextPath((0, 0), digit, size=MASTER_HEIGHT, prop=FontProperties(fname=file))
    box = outline.get_extents()
    step = box.height / MASTER_HEIGHT
    x = (box.x0 + box.x1) / 2 + step * offsets(MASTER_SIZE)
    y = (box.y0 + box.y1) / 2 - step * offsets(MASTER_SIZE)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    ink = np.zeros(len(points), dtype=bool)
    for polygon in outline.to_polygons():
        # What lies within an inner outline as well is a hole.
        ink ^= Path(polygon).contains_points(points)
    ink = ink.reshape(MASTER_SIZE, MASTER_SIZE)
    shift = [round((MASTER_SIZE - 1) / 2 - axis.mean()) for axis in np.nonzero(ink)]
    return np.roll(ink, shift, axis=(0, 1))


def _distance_to_zero(mask):
    """Distance of each pixel of boolean `(N, H, W)` to the edge of the nearest zero, to `REACH`.

    Squares separate: first the distance along the rows, then the smallest sum over the columns.
    """
    _, height, width = mask.shape
    far = np.float32((REACH + 1) ** 2)
    along = np.where(mask, far, np.float32(0))
    for axis, length in ((2, width), (1, height)):
        edges = [(0, 0), (0, 0), (0, 0)]
        edges[axis] = (REACH, REACH)
        padded = np.pad(along, edges, constant_values=far)
        best = along.copy()
        for shift in range(-REACH, REACH + 1):
            moved = padded.take(np.arange(REACH + shift, REACH + shift + length), axis=axis)
            np.minimum(best, moved + np.float32(shift * shift), out=best)
        along = best
    # Half a pixel lies between a centre and the edge of its neighbour.
    return np.clip(np.sqrt(along) - 0.5 * mask, 0, REACH)
