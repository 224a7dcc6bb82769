"""Dense layers inside loops, where the overhead of `__call__` exceeds the cost of the product."""

import keras
from keras import ops

from keras_attn.ops import precision


def apply_dense(layer, inputs, dtype=None):
    """Equals `layer(inputs)` without the overhead of `__call__`; see `dense_step`."""
    (output,) = dense_step(layer, dtype=dtype)(inputs)
    return output


def dense_step(*layers, dtype=None):
    """Fuses dense layers that share their inputs into a function for the steps of a loop.

    One product computes all layers. If a layer is quantized, LoRA-adapted, regularized,
    rematerialized or subclassed, all are called as layers instead. The choice is made before the
    loop.

    Args:
        *layers: Built dense layers.
        dtype: String, dtype of the outputs. Default: that of each layer, whose dtype policy may
            differ from the policy of the layer that owns it.

    Returns:
        Function from inputs `(batch, features)` to a list with the outputs of each layer.
    """
    step = _fused_step(layers)
    if dtype is None or all(layer.compute_dtype == dtype for layer in layers):
        return step
    return lambda inputs: [ops.cast(output, dtype) for output in step(inputs)]


def _fused_step(layers):
    if not all(map(is_plain_dense, layers)) or len({each.compute_dtype for each in layers}) > 1:
        return lambda inputs: [layer(inputs) for layer in layers]
    dtype = layers[0].compute_dtype
    kernels = [ops.cast(layer.kernel, dtype) for layer in layers]
    biases = [
        ops.cast(layer.bias, dtype) if layer.use_bias else ops.zeros((layer.units,), dtype)
        for layer in layers
    ]
    # A single kernel is not concatenated: on PyTorch the loop defers the gradient of a kernel.
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
    """True for a `keras.layers.Dense` that computes only its product, bias and activation."""
    return type(layer) is keras.layers.Dense and not layer.lora_enabled and is_plain(layer)


def is_plain(layer):
    """True for a layer without quantization, activity regularizer and rematerialization."""
    return not (layer.quantization_mode or layer.activity_regularizer or layer._remat_mode)
