from collections.abc import Sequence

from keras_attn.datasets.read_image import read_image
from keras_attn.datasets.warping import check_count
from keras_attn.layers.arguments import list_of_paths


class ImageFiles(Sequence):
    """Images that are read from their files when they are asked for.

    A sequence for `ImageCaptions`, which asks for one image at a time, so that a set need not fit
    into memory. Every image is converted to RGB: the EXIF orientation is applied, gray levels are
    repeated, transparent pixels are composited onto white, and 16-bit images are scaled as 8-bit
    images are. Float images have the range [0, 1], or, if a pixel exceeds 1, 0..255 or 0..65535.

    Args:
        paths: List of paths of the image files.
        size: Pair of positive integers, `(height, width)` in pixels.
        keep_aspect_ratio: Boolean; `True` center-crops the longer side to the aspect ratio of
            `size`, `False` stretches the image. Defaults to `True`.

    Raises:
        ValueError: If `paths` is a single path, or `size` is not a pair of positive integers. An
            access to an image also raises if the file is not an image, is damaged, or is too large
            to be opened safely; the message names the file.

    Example:

    >>> _ = keras.utils.save_img("red.png", np.ones((4, 6, 3)) * [255.0, 0.0, 0.0])
    >>> images = keras_attn.datasets.ImageFiles(["red.png"], (8, 8))
    >>> images[0].shape, images[0][4, 4].tolist()
    ((8, 8, 3), [1.0, 0.0, 0.0])
    """

    def __init__(self, paths, size, keep_aspect_ratio=True):
        self.paths = list_of_paths("paths", paths)
        if not isinstance(size, (tuple, list)) or len(size) != 2:
            raise ValueError(f"`size` must be a pair, (height, width). Received: size={size!r}")
        self.size = tuple(check_count(each, "size") for each in size)
        self.keep_aspect_ratio = keep_aspect_ratio

    def __len__(self):
        return len(self.paths)

    def file(self, index):
        """Returns the path or the open file of one image."""
        return self.paths[index]

    def name(self, index):
        """Returns the name of an image for error messages."""
        return self.paths[index]

    def __getitem__(self, index):
        """One image, float32 `(height, width, 3)` in [0, 1]."""
        file = self.file(index)
        try:
            return read_image(file, self.size, self.keep_aspect_ratio)
        except FileNotFoundError:
            raise
        except Exception as error:  # Decoders raise errors of many classes for damaged files.
            raise ValueError(
                "`paths` must be of images that can be read. "
                f"Received: {self.name(index)}: {type(error).__name__}: {error}"
            ) from error
