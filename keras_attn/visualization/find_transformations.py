"""The transformations that a model makes."""

import keras

from keras_attn.layers.spatial_transformer import SpatialTransformer


def find_transformations(model, images=None):
    """What a model attends to: `images -> (warped, theta, grid)`, and how to draw that.

    Args:
        model: a model, which is built where it is not.
        images: a batch that it takes, to build it.

    Returns:
        The callable, and a dict of options of `plot_spatial_transformer`.

    Raises:
        ValueError: if the model has neither a method `transformations` nor, among its own layers, a
            `SpatialTransformer` whose input is known.
    """
    if images is not None and not model.built:
        model(images)  # Some backends build a model only after callbacks have begun.
    layer = next((each for each in model.layers if isinstance(each, SpatialTransformer)), None)
    # A model may sample without such a layer, and then says what its images are like.
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
