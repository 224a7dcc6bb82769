"""Calls of a model with dynamic sizes: the batch, and lengths that the model leaves free."""

import keras
import numpy as np

from tests.backend import traced_with_free_sizes


def flat_call(case, model):
    """Returns `model(inputs)` as a function of the flat list of inputs, and that list."""
    inputs = case.packed()

    def function(*tensors):
        outputs = model(keras.tree.pack_sequence_as(inputs, tensors), training=False)
        return keras.tree.flatten(outputs)

    return function, list(map(np.asarray, keras.tree.flatten(inputs)))


def dynamic_calls(case, model):
    """Returns the functions of `traced_with_free_sizes` for the inputs of a case."""
    function, arrays = flat_call(case, model)
    shapes = [each.shape for each in keras.tree.flatten(model._inputs_struct)]
    return traced_with_free_sizes(model, function, arrays, shapes)
