"""Base class of models with spatial transformers."""

import keras

from keras_attn.applications.arrays import float_array
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.scaled_images import ScaledImages


class TransformingModel(ScaledImages, FunctionalModel, is_base=True):
    """A functional model that shows the transformations it makes.

    Args:
        inputs: Symbolic inputs of the functional model.
        outputs: Symbolic outputs of the functional model.
        look: `(warped, theta, grid)` of the functional model, which `transformations` gives; None
            for a model without transformers.
        **kwargs: Arguments of `keras.Model`.
    """

    def __init__(self, inputs, outputs, look, **kwargs):
        super().__init__(inputs, outputs, **kwargs)
        self.look = look
        # A bound method rather than a model: the layers are this model's, to be saved once.
        self._look = None if look is None else keras.Model(inputs, look).call

    def transformations(self, images, batch_size=32):
        """Computes the warped images and the transformations.

        Args:
            images: array `(batch, height, width, channels)`, like the model's input.
            batch_size: how many images go through the network at once.

        Returns:
            `(warped, theta, grid)` as NumPy arrays, as `keras_attn.SpatialTransformer` returns them
            with `return_transformation=True`; of a model with several transformers one after the
            other, a list for each of the three.

        Raises:
            ValueError: If the model has no transformer, or the images are not scaled.
        """
        if self._look is None:
            raise ValueError(
                "`transformations` needs a model with a spatial transformer. "
                f"Received: a {type(self).__name__} without one"
            )
        self.check_scale("images", images)
        return self._compiled(
            "transformations", self._look, batch_size, float_array("images", images)
        )
