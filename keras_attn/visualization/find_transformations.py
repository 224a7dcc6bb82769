"""Search for the spatial transformer of a model."""

import keras

from keras_attn.layers.spatial_transformer import SpatialTransformer


def find_transformations(model, images=None):
    """Returns a callable `images -> (warped, theta, grid)` of a model, and options to draw it.

    Args:
        model: Keras model; a model that is not built is called on `images`.
        images: Batch of images, to build the model; `None` for a built model.

    Returns:
        `(transformations, options)`: the callable, and a dictionary of arguments of
        `plot_spatial_transformer`.

    Raises:
        ValueError: If the model has neither a method `transformations` nor a `SpatialTransformer`
            with a symbolic input among its own layers.
    """
    if images is not None and not model.built:
        model(images)  # on some backends `fit` starts callbacks before it builds the model
    layer = next((each for each in model.layers if isinstance(each, SpatialTransformer)), None)
    # A model without a `SpatialTransformer` may define its data format itself.
    options = {"data_format": model.data_format} if hasattr(model, "data_format") else {}
    if layer is not None:
        options = {
            "control_points": layer.control_points,
            "align_corners": layer.align_corners,
            "data_format": layer.data_format,
        }
    if hasattr(model, "transformations"):
        return model.transformations, options
    if layer is None or not getattr(model, "inputs", None):
        raise ValueError(
            "`model` must have a method `transformations`, or be a functional or sequential model "
            "with a `SpatialTransformer` among its layers; else give `transformations=`. "
            f"Received: {model}"
        )
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    before = keras.Model(inputs, layer.input)
    return lambda images: layer(before(images), return_transformation=True), options
