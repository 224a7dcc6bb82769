"""Validation of the range of images."""

import keras
import numpy as np

from keras_attn.applications.arrays import first_batch

# Upper bound of float images after any usual scaling, to [0, 1] or to zero mean.
LARGEST = 100.0


class ScaledImages:
    """Mixin for models of images that raises an error for pixels in 0..255.

    Networks hardly learn from images that are not scaled. Arrays are checked whole, other data sets
    by their first batch.
    """

    @property
    def takes_pixels(self):
        """False if the model has an encoder of the user, which may scale the images itself."""
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
        """Raises `ValueError` for integer images above 1 and for float images beyond ±100.

        Args:
            name: String, argument name used in the error message.
            x: Array or tensor of images, or a dictionary with the key `"image"`.
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
                f"`{name}` must hold scaled images, for example in [0, 1]. "
                f"Received: {images.dtype} from "
                f"{low:g} to {high:g}"
            )
