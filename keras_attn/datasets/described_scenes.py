"""Made-up scenes, and sentences that describe them: data that need no download."""

import zlib
from typing import Any, NamedTuple

import numpy as np

from keras_attn.datasets.scene_language import sentences
from keras_attn.datasets.warping import (
    bilinear_sample,
    check_count,
    check_images,
    check_labels,
    chunks,
    streams,
)

COLOURS = {
    "red": (0.9, 0.15, 0.15),
    "green": (0.15, 0.8, 0.2),
    "blue": (0.25, 0.4, 1.0),
    "yellow": (0.95, 0.9, 0.2),
    "purple": (0.75, 0.3, 0.9),
    "white": (1.0, 1.0, 1.0),
}
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring", "star")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Of a side of 64 pixels: the frame of a thing, its cell of three by three, and how far from the
# middle of its cell it may lie.
SIZES = {"small": 13, "large": 20}
CELL, JITTER = 21, 2
# One arrangement of six is kept for the test.
TEST_EVERY = 6


class Thing(NamedTuple):
    """Something in a scene.

    Args:
        noun, colour, size: what it is called.
        box: its frame `(top, left, bottom, right)` in pixels, the last two exclusive.
    """

    noun: str
    colour: str
    size: str
    box: tuple

    @property
    def centre(self):
        """The middle of its frame, `(down, across)` in pixels."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


class DescribedScenes(NamedTuple):
    """Scenes and what can be said of them.

    Args:
        images: float32 `(scenes, side, side, 3)` in [0, 1].
        captions: for each scene a list of sentences, its references.
        paraphrases: for each scene all sentences that are right.
        boxes: for each scene a dictionary: by noun the frame of the thing it names, `(top, left,
            bottom, right)` in pixels, the last two exclusive.

    Example:

    >>> scenes = keras_attn.datasets.described_scenes(num_scenes=2)
    >>> len(scenes.boxes), scenes.captions[1][0] in scenes.paraphrases[1]
    (2, True)
    """

    images: Any
    captions: list
    paraphrases: list
    boxes: list


def described_scenes(
    split="train", num_scenes=4000, size=64, digits=None, references=5, seed=0, verbose=0
):
    """Scenes of two or three coloured things, and sentences that describe them.

    A thing is a shape, or a digit, small or large, in one of six colours, in one of nine cells of
    the image; no two of a scene are of the same kind. A sentence names all of them and says how
    they lie: `a small red ring left of a large blue star`. Where each noun stands is known, which
    shows whether a model that writes it looks there.

    Args:
        split: `"train"` or `"test"`; no arrangement (which things, of which colours, in which
            cells) is in both.
        num_scenes: how many.
        size: side of the images, in pixels, at least 48.
        digits: `(images, labels)` as `mnist` or `glyph_digits` gives them, to have digits in place
            of shapes; for the test those of their test.
        references: sentences drawn for each scene, of all that are right.
        seed: non-negative integer, or several.
        verbose: 1 shows a progress bar.

    Returns:
        `DescribedScenes`.

    Raises:
        ValueError: for an unknown split, a number out of range, or digits that are no images and
            labels.

    Example:

    >>> scenes = keras_attn.datasets.described_scenes(num_scenes=3)
    >>> scenes.images.shape, len(scenes.captions[0])
    ((3, 64, 64, 3), 5)
    >>> all(noun in scenes.captions[0][0] for noun in scenes.boxes[0])
    True
    """
    if split not in ("train", "test"):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    num_scenes = check_count(num_scenes, "num_scenes")
    size = check_count(size, "size", 48)
    references = check_count(references, "references")
    generator, noise, words = streams(seed, 3)
    if digits is None:
        pictures, nouns = _shapes(), SHAPES
        by_noun = {noun: [number] for number, noun in enumerate(SHAPES)}
    else:
        if not isinstance(digits, (tuple, list)) or len(digits) != 2:
            raise ValueError(
                f"`digits` must be a pair (images, labels), or None. Received: digits={digits!r}"
            )
        pictures = check_images(digits[0], "digits")[..., :1]
        # Without most of the margin that MNIST has around its digits.
        edge = pictures.shape[1] * 3 // 28
        pictures = pictures[:, edge : pictures.shape[1] - edge, edge : pictures.shape[2] - edge]
        labels = check_labels(digits[1], len(pictures), "digits")
        nouns = DIGITS
        by_noun = {noun: np.flatnonzero(labels == label) for label, noun in enumerate(nouns)}
        by_noun = {noun: rows for noun, rows in by_noun.items() if len(rows)}
        nouns = tuple(by_noun)
        if len(nouns) < 3:
            raise ValueError(f"`digits` must be of three kinds at least. Received: {nouns}")

    scenes = []
    while len(scenes) < num_scenes:
        things = _arrangement(generator, nouns, size)
        key = repr(sorted((thing.noun, thing.colour, cell) for thing, cell in things)).encode()
        if (zlib.crc32(key) % TEST_EVERY == 0) == (split == "test"):
            scenes.append([thing for thing, _ in things])
    images = noise.uniform(0.0, 0.1, (num_scenes, size, size, 3)).astype("float32")
    for part in chunks(num_scenes, verbose):
        for row in range(part.start, part.stop):
            for thing in scenes[row]:
                which = generator.choice(by_noun[thing.noun])
                _paste(images[row], pictures[which], thing)
    paraphrases = [sentences(things) for things in scenes]
    captions = [
        [found[place] for place in words.integers(len(found), size=references)]
        for found in paraphrases
    ]
    boxes = [{thing.noun: thing.box for thing in things} for things in scenes]
    return DescribedScenes(images, captions, paraphrases, boxes)


def _arrangement(generator, nouns, size):
    """Two or three things with their cells, three from left to right."""
    count = 2 + int(generator.random() < 0.4)
    if count == 3:
        cells = [(int(generator.integers(3)), column) for column in range(3)]
    else:
        while True:
            first, second = generator.integers(3, size=(2, 2))
            down, across = np.abs(first - second)
            if down != across:  # on a diagonal neither axis says how they lie
                break
        cells = [tuple(map(int, first)), tuple(map(int, second))]
    things = []
    for noun, (row, column) in zip(generator.permutation(nouns), cells, strict=False):
        name = tuple(SIZES)[generator.integers(len(SIZES))]
        side = round(SIZES[name] * size / 64)
        middle = (np.array([row, column]) + 0.5) * CELL + generator.uniform(-JITTER, JITTER, 2)
        top, left = np.clip(np.round((middle + 0.5) * size / 64 - side / 2), 0, size - side)
        colour = tuple(COLOURS)[generator.integers(len(COLOURS))]
        box = (int(top), int(left), int(top) + side, int(left) + side)
        things.append((Thing(str(noun), colour, name, box), (row, column)))
    return things


def _paste(image, picture, thing):
    """Draws a picture `(side, side, 1)`, how much of each pixel is ink, into its frame."""
    top, left, bottom, right = thing.box
    side = bottom - top
    step = len(picture) / side
    at = ((np.arange(side, dtype="float32") + np.float32(0.5)) * np.float32(step)) - np.float32(0.5)
    # Where the picture is made smaller, several of its pixels go into one.
    finer = max(1, round(step))
    spread = (np.arange(finer, dtype="float32") - np.float32((finer - 1) / 2)) * (step / finer)
    at = (at[:, None] + spread).reshape(-1).astype("float32")
    across, down = np.broadcast_arrays(at[None, None, :], at[None, :, None])
    ink = bilinear_sample(picture[None], across.copy(), down.copy())[0, ..., 0]
    ink = ink.reshape(side, finer, side, finer).mean(axis=(1, 3))[..., None]
    frame = image[top:bottom, left:right]
    frame += ink * (np.array(COLOURS[thing.colour], "float32") - frame)


def _shapes():
    """Every shape as ink, `(shapes, 80, 80, 1)`."""
    y, x = np.meshgrid(*[np.linspace(-1, 1, 80)] * 2, indexing="ij")
    radius, angle = np.hypot(x, y), np.arctan2(x, -y)
    # Between the tips and the notches of a star the outline is straight.
    turn = np.abs((angle + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
    tip, notch = np.array([1.0, 0.0]), 0.42 * np.array([np.cos(np.pi / 5), np.sin(np.pi / 5)])
    normal = np.array([notch[1] - tip[1], tip[0] - notch[0]])
    star = radius * (np.cos(turn) * normal[0] + np.sin(turn) * normal[1]) <= tip @ normal
    inside = {
        "circle": radius <= 0.95,
        "square": np.maximum(abs(x), abs(y)) <= 0.85,
        "triangle": (y <= 0.8) & (abs(x) <= 0.56 * (y + 0.95)),
        "diamond": abs(x) + abs(y) <= 1.0,
        "cross": (np.minimum(abs(x), abs(y)) <= 0.28) & (np.maximum(abs(x), abs(y)) <= 0.95),
        "ring": (radius <= 0.95) & (radius >= 0.55),
        "star": star,
    }
    return np.stack([inside[shape] for shape in SHAPES])[..., None].astype("float32")
