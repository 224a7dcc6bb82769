"""Placing images in a larger canvas, and scattering pieces of other images over it.

`draw` and `apply` as in `warps.py`.
"""

import dataclasses

import numpy as np

from keras_attn.datasets.warping import (
    check_count,
    check_images,
    child_seeds,
    streams,
)


def windows(images, height, width):
    """A view of every window of images.

    Args:
        images: `(N, H, W, C)`.
        height, width: of a window, in pixels.

    Returns:
        `(N, H - height + 1, W - width + 1, C, height, width)`, writeable where the images are.
    """
    return np.lib.stride_tricks.sliding_window_view(
        images, (height, width), axis=(1, 2), writeable=images.flags.writeable
    )


@dataclasses.dataclass(frozen=True)
class Translation:
    """A whole-pixel place in a square canvas, drawn uniformly among all that hold the image.

    What is drawn is `corner`, `(N, 2)`: x and y of the image's first pixel in the canvas.

    Args:
        size: side of the canvas, in pixels.

    Raises:
        ValueError: if `size` is not a positive integer; in `output_shape`, for larger images.
    """

    size: int

    def __post_init__(self):
        check_count(self.size, "size")

    def output_shape(self, image_shape):
        if max(image_shape[:2]) > self.size:
            raise ValueError(
                "`size` must be at least as large as the images. Received: "
                f"size={self.size} for images of {image_shape[0]}x{image_shape[1]}"
            )
        return self.size, self.size

    def draw(self, num, image_shape, seed):
        height, width = image_shape[:2]
        most = [self.size - width, self.size - height]
        return {"corner": streams(seed, 1)[0].integers(0, most, (num, 2), endpoint=True)}

    def apply(self, images, drawn):
        num, height, width, channels = images.shape
        canvas = np.zeros((num, self.size, self.size, channels), dtype="float32")
        x, y = drawn["corner"].T
        windows(canvas, height, width)[np.arange(num), y, x] = images.transpose(0, 3, 1, 2)
        return canvas

    def theta(self, drawn, image_shape):
        """`(N, 2, 3)` from the image to the canvas, both normalised."""
        extent = np.asarray(image_shape[1::-1])
        theta = np.zeros((len(drawn["corner"]), 2, 3), dtype="float32")
        theta[:, [0, 1], [0, 1]] = extent / self.size
        theta[:, :, 2] = (2 * drawn["corner"] + extent) / self.size - 1
        return theta


@dataclasses.dataclass(frozen=True)
class Clutter:
    """Square crops of other images, added at random places and clipped to 1.

    Args:
        num_distractors: how many crops a canvas gets.
        distractor_size: their side, in pixels.

    Raises:
        ValueError: unless both are integers, the first not negative and the second positive.
    """

    num_distractors: int
    distractor_size: int

    def __post_init__(self):
        check_count(self.num_distractors, "num_distractors", 0)
        check_count(self.distractor_size, "distractor_size")

    def draw(self, num, size, source_shape, own, seed):
        """Samples the sources and the positions of the crops.

        Args:
            num: how many canvases.
            size: `(height, width)` of a canvas.
            source_shape: of the images to cut from, `(M, H, W, C)`.
            own: whether these are the images on the canvases, one by one. No image is then
                cluttered with a piece of itself, unless it is the only one.
            seed: see `child_seeds`.

        Returns:
            Integers by name: `image`, `(num, num_distractors)`, and of the first pixel of a crop x
            and y in the image and in the canvas, `origin` and `place`, `(num, num_distractors, 2)`.

        Raises:
            ValueError: for crops larger than image or canvas, or no image to cut from.
        """
        crop, (count, height, width) = self.distractor_size, source_shape[:3]
        if not self.num_distractors:
            empty = np.zeros((num, 0, 2), "int64")
            return {"image": empty[..., 0], "origin": empty, "place": empty}
        if crop > min(height, width, *size):
            raise ValueError(
                "`distractor_size` must fit into the images. "
                f"Received: distractor_size={crop} for sources of {height}x{width}"
            )
        if num and not count:
            raise ValueError("`distractors` must hold at least one image. Received: none")
        which, origin, place = streams(seed, 3)
        shape = (num, self.num_distractors)
        if own and count > 1:
            image = np.arange(num)[:, None] + which.integers(1, count, shape)
            image %= count
        else:
            image = which.integers(0, max(count, 1), shape)
        most = [width - crop, height - crop]
        origin = origin.integers(0, most, (*shape, 2), endpoint=True)
        most = [size[1] - crop, size[0] - crop]
        place = place.integers(0, most, (*shape, 2), endpoint=True)
        return {"image": image, "origin": origin, "place": place}

    def apply(self, canvas, source, drawn):
        """Adds crops to canvases, in place.

        Args:
            canvas: float32 `(N, H, W, C)`.
            source: the images to cut from, `(M, H', W', C)`.
            drawn: what `draw` returned, the same slice of all as of the canvases.

        Returns:
            `canvas`, clipped to 1.
        """
        if not self.num_distractors:
            return canvas
        crop, rows = self.distractor_size, np.arange(len(canvas))
        pieces, places = windows(source, crop, crop), windows(canvas, crop, crop)
        for number in range(self.num_distractors):
            x, y = drawn["place"][:, number].T
            from_x, from_y = drawn["origin"][:, number].T
            piece = pieces[drawn["image"][:, number], from_y, from_x]
            # One crop for each canvas at a time, so that no place comes twice in one addition.
            places[rows, y, x] += piece
        return np.minimum(canvas, 1, out=canvas)


@dataclasses.dataclass(frozen=True)
class ClutteredTranslation:
    """`Translation`, then `Clutter`.

    Args:
        translation, clutter: the two.
        source: the images to cut crops from, `(M, H, W, C)`.
        own: whether these are the images that are placed, see `Clutter.draw`.
    """

    translation: Translation
    clutter: Clutter
    source: np.ndarray
    own: bool

    def output_shape(self, image_shape):
        return self.translation.output_shape(image_shape)

    def draw(self, num, image_shape, seed):
        place, scatter = child_seeds(seed, 2)
        size = self.output_shape(image_shape)
        return self.translation.draw(num, image_shape, place) | self.clutter.draw(
            num, size, self.source.shape, self.own, scatter
        )

    def apply(self, images, drawn):
        return self.clutter.apply(self.translation.apply(images, drawn), self.source, drawn)

    def theta(self, drawn, image_shape):
        return self.translation.theta(drawn, image_shape)


def check_distractors(distractors, images):
    """The images to cut crops from.

    Args:
        distractors: `(M, H', W', C)` in [0, 1], or None for `images`.
        images: `(N, H, W, C)`, as `check_images` returned them.

    Raises:
        ValueError: for distractors of a wrong shape, values outside [0, 1], or other channels.
    """
    if distractors is None:
        return images
    distractors = check_images(distractors, "distractors")
    if distractors.shape[-1] != images.shape[-1]:
        raise ValueError(
            "`distractors` must have as many channels as the images. "
            f"Received: distractors.shape={distractors.shape}, images.shape={images.shape}"
        )
    return distractors
