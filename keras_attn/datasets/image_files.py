from collections.abc import Sequence

import keras
import numpy as np

from keras_attn.datasets.warping import check_count


class ImageFiles(Sequence):
    """Images that are read from their files when they are asked for.

    A sequence for `ImageCaptions`, which asks for one image at a time, so that a set need not fit
    into memory.

    Args:
        paths: of the files.
        size: `(height, width)` in pixels.
        keep_aspect_ratio: whether the longer side is cut to the shape of `size`, around the middle;
            otherwise the image is squeezed.

    Raises:
        ValueError: for a size that is no pair of positive integers; and, when it is asked for, for
            a file that is no image or is damaged, with its name.

    Example:

    >>> _ = keras.utils.save_img("red.png", np.ones((4, 6, 3)) * [255.0, 0.0, 0.0])
    >>> images = keras_attn.datasets.ImageFiles(["red.png"], (8, 8))
    >>> images[0].shape, images[0][4, 4].tolist()
    ((8, 8, 3), [1.0, 0.0, 0.0])
    """

    def __init__(self, paths, size, keep_aspect_ratio=True):
        self.paths = list(paths)
        if not isinstance(size, (tuple, list)) or len(size) != 2:
            raise ValueError(f"`size` must be a pair, (height, width). Received: size={size!r}")
        self.size = tuple(check_count(each, "size") for each in size)
        self.keep_aspect_ratio = keep_aspect_ratio

    def __len__(self):
        return len(self.paths)

    def file(self, index):
        """What holds one image: a path, or a file that is open."""
        return self.paths[index]

    def name(self, index):
        """What an image is called where it cannot be read."""
        return self.paths[index]

    def __getitem__(self, index):
        """One image, float32 `(height, width, 3)` in [0, 1]."""
        file = self.file(index)
        try:
            image = keras.utils.load_img(
                file,
                target_size=self.size,
                interpolation="bilinear",
                keep_aspect_ratio=self.keep_aspect_ratio,
            )
        except FileNotFoundError:
            raise
        except (OSError, SyntaxError) as error:
            # What the library reads is a copy in memory, and that is what it names.
            raise ValueError(
                f"`paths` must be of images that can be read. Received: {self.name(index)}: {error}"
            ) from error
        array = keras.utils.img_to_array(image, data_format="channels_last", dtype="float32")
        return array / np.float32(255.0)
