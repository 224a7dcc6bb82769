"""Images that were not scaled, refused."""

import keras
import numpy as np

# Images of floats that are scaled in any usual way, to [0, 1] or to zero mean, stay within.
LARGEST = 100.0


class ScaledImages:
    """A model of images that refuses pixels of 0..255, with which networks hardly learn.

    Arrays are checked, and the first batch of a `keras.utils.PyDataset`; other data sets are not.
    """

    @property
    def takes_pixels(self):
        """Boolean, false where an encoder of the user may scale its images itself."""
        return True

    def fit(self, x=None, *args, **kwargs):
        self.check_scale("x", x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        self.check_scale("x", x)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        self.check_scale("x", x)
        return super().predict(x, *args, **kwargs)

    def check_scale(self, name, x):
        """Raises `ValueError` for images of integers above 1, or of floats beyond ±100.

        Args:
            name: String, argument name used in the error message.
            x: Argument of `fit`: images, or a dictionary with `"image"`.
        """
        if isinstance(x, keras.utils.PyDataset):
            x = x[0]
            x = x[0] if isinstance(x, (tuple, list)) else x
        images = x.get("image") if isinstance(x, dict) else x
        is_array = hasattr(images, "shape") and hasattr(images, "dtype")
        if not self.takes_pixels or not is_array or keras.utils.is_keras_tensor(images):
            return
        images = np.asarray(keras.ops.convert_to_numpy(images))
        largest = 1.0 if images.dtype.kind in "iu" else LARGEST
        low, high = (images.min(), images.max()) if images.size else (0, 0)
        if high > largest or low < -largest:
            raise ValueError(
                f"`{name}` must hold scaled images, as of [0, 1]. Received: {images.dtype} from "
                f"{low:g} to {high:g}"
            )
