"""Images that were not scaled, refused."""

import keras
import numpy as np

from keras_attn.applications.arrays import first_batch

# Images of floats that are scaled in any usual way, to [0, 1] or to zero mean, stay within.
LARGEST = 100.0


class ScaledImages:
    """A model of images that refuses pixels of 0..255, with which networks hardly learn.

    Arrays are checked, and the first batch of any other data set.
    """

    @property
    def takes_pixels(self):
        """Boolean, false where an encoder of the user may scale its images itself."""
        return True

    def fit(self, x=None, *args, **kwargs):
        return super().fit(self._with_checked_scale(x), *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        return super().evaluate(self._with_checked_scale(x), *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        return super().predict(self._with_checked_scale(x), *args, **kwargs)

    def _with_checked_scale(self, x):
        first, x = first_batch(x)
        self.check_scale("x", first)
        return x

    def check_scale(self, name, x):
        """Raises `ValueError` for images of integers above 1, or of floats beyond ±100.

        Args:
            name: String, argument name used in the error message.
            x: Images, or a dictionary with `"image"`.
        """
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
