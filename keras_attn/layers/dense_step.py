"""Dense layers inside of loops, where a call of a layer costs more than its product."""

import keras
from keras import ops

from keras_attn.ops import precision


def apply_dense(layer, inputs):
    """Equals `layer(inputs)`, for a dense layer and a step of a loop; see `dense_step`."""
    (output,) = dense_step(layer)(inputs)
    return output


def dense_step(*layers):
    """Dense layers that read the same inputs, as a function for the steps of a loop.

    Layers that are quantized, adapted, regularized, rematerialized or subclassed are called as
    layers; otherwise one product serves all. The choice is made here, before the loop.

    Args:
        *layers: Dense layers, built.

    Returns:
        A function from inputs `(batch, features)` to a list of outputs, one for each layer.
    """
    if not all(map(is_plain_dense, layers)) or len({each.compute_dtype for each in layers}) > 1:
        return lambda inputs: [layer(inputs) for layer in layers]
    dtype = layers[0].compute_dtype
    kernels = [ops.cast(layer.kernel, dtype) for layer in layers]
    biases = [
        ops.zeros((layer.units,), dtype) if layer.bias is None else ops.cast(layer.bias, dtype)
        for layer in layers
    ]
    # A kernel alone stays as it is, which tells a backend that the loop multiplies by it.
    kernel = ops.concatenate(kernels, axis=-1) if len(layers) > 1 else kernels[0]
    bias = ops.concatenate(biases) if len(layers) > 1 else biases[0]
    ends = [sum(layer.units for layer in layers[: i + 1]) for i in range(len(layers) - 1)]

    def step(inputs):
        outputs = precision.matmul(ops.cast(inputs, dtype), kernel) + bias
        outputs = ops.split(outputs, ends, axis=-1) if ends else [outputs]
        pairs = zip(layers, outputs, strict=True)
        return [layer.activation(each) for layer, each in pairs]

    return step


def is_plain_dense(layer):
    """True for a `keras.layers.Dense` that does nothing beside its product and activation."""
    return type(layer) is keras.layers.Dense and not layer.lora_enabled and is_plain(layer)


def is_plain(layer):
    """True for a layer whose call does nothing beside the equations of its class."""
    return not (layer.quantization_mode or layer.activity_regularizer or layer._remat_mode)
