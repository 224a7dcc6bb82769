"""Validation of the range of images."""

import keras

from keras_attn.applications.checked_data import CheckedData, bound_arguments, value_range

# Upper bound of float images after any usual scaling, to [0, 1] or to zero mean.
LARGEST = 100.0


class ScaledImages(CheckedData):
    """Mixin for models of images that raises an error for pixels in 0..255.

    Unscaled images slow down or prevent training.
    """

    @property
    def requires_scaled_images(self):
        """False for an encoder of the user, which may rescale images."""
        return True

    def check_inputs(self, name, x):
        self.check_scale(name, x)

    def predict(self, *args, **kwargs):
        return super().predict(**self._checked(bound_arguments("predict", self, args, kwargs)))

    def check_scale(self, name, x):
        """Raises `ValueError` for integer images above 1 and for float images beyond ±100.

        Args:
            name: String, argument name used in the error message.
            x: Array or tensor of images, or a dictionary with the key `"image"`.
        """
        images = x.get("image") if isinstance(x, dict) else x
        limits = value_range(images) if self.requires_scaled_images else None
        if limits is None:
            return
        low, high = limits
        dtype = keras.backend.standardize_dtype(images.dtype)
        largest = 1.0 if keras.backend.is_int_dtype(dtype) else LARGEST
        if high > largest or low < -largest:
            raise ValueError(
                f"`{name}` must hold scaled images, for example in [0, 1]. "
                f"Received: {dtype} from {low:g} to {high:g}"
            )
