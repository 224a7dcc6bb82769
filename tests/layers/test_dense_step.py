"""Dense layers fused into one product equal the layers one by one."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.layers.dense_step import apply_dense, dense_step
from tests.backend import gradients, to_numpy
from tests.conformance.precision import double_precision

INPUTS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


class Doubled(keras.layers.Dense):
    """Dense layer with doubled outputs."""

    def call(self, inputs, training=None):
        return 2.0 * super().call(inputs)


def with_lora(layer):
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.ones(layer.lora_kernel_b.shape))


def quantized(layer):
    layer.quantize("int8")


# Arguments of each layer, and changes of the first one after it was built.
LAYERS = {
    "one": [{"units": 3}],
    "one without a bias": [{"units": 3, "use_bias": False, "activation": "relu"}],
    "two": [{"units": 2, "activation": "tanh"}, {"units": 5}],
    "three": [
        {"units": 2, "use_bias": False},
        {"units": 1, "activation": "sigmoid"},
        {"units": 4, "use_bias": False, "activation": "tanh"},
    ],
    "half precision": [{"units": 2, "dtype": "mixed_bfloat16"}] * 2,
    "two precisions": [{"units": 2, "dtype": "mixed_bfloat16"}, {"units": 3}],
}
CHANGES = {"lora": with_lora, "int8": quantized}


def built(arguments, kind=keras.layers.Dense):
    generator = np.random.default_rng(len(arguments))
    layers = [kind(**each) for each in arguments]
    for layer in layers:
        layer.build((None, 4))
        layer.set_weights([generator.normal(size=each.shape) for each in layer.get_weights()])
    return layers


def assert_same(layers, dtype=None):
    # Of the least precise of the dtypes.
    tolerances = {"bfloat16": 0.05, "float16": 1e-3}
    used = {dtype, *(layer.compute_dtype for layer in layers)}
    tolerance = max(tolerances.get(each, 1e-5) for each in used)
    inputs = ops.convert_to_tensor(INPUTS)
    found, expected = dense_step(*layers, dtype=dtype)(inputs), [each(inputs) for each in layers]
    assert len(found) == len(layers)
    for layer, one, other in zip(layers, found, expected, strict=True):
        assert keras.backend.standardize_dtype(one.dtype) == (dtype or layer.compute_dtype)
        one, other = (to_numpy(ops.cast(each, "float32")) for each in (one, other))
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=tolerance, rtol=tolerance)


@pytest.mark.training
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [None, "float32", "float16"])
def test_fused_layers_give_the_outputs_of_each(name, dtype):
    assert_same(built(LAYERS[name]), dtype)


@pytest.mark.training
@pytest.mark.parametrize("name", CHANGES)
def test_adapted_layers_are_called(name):
    layers = built(LAYERS["two"])
    before = to_numpy(layers[0](INPUTS))
    CHANGES[name](layers[0])
    assert not np.array_equal(to_numpy(layers[0](INPUTS)), before)
    assert_same(layers)


def test_layers_of_a_subclass_are_called():
    assert_same(built(LAYERS["two"], Doubled))


def test_losses_of_activities_are_added():
    arguments = [{"units": 2, "activity_regularizer": "l1"}, {"units": 3}]
    layers, (alone, _) = built(arguments), built(arguments)
    alone.set_weights(layers[0].get_weights())
    output, _ = dense_step(*layers)(ops.convert_to_tensor(INPUTS))
    (loss,) = layers[0].losses
    # Newer versions of Keras divide by the batch.
    total = 0.01 * np.sum(np.abs(to_numpy(output)))
    assert min(abs(to_numpy(loss) / total - share) for share in (1.0, 1.0 / len(INPUTS))) < 1e-5
    alone(ops.convert_to_tensor(INPUTS))
    np.testing.assert_allclose(to_numpy(loss), to_numpy(alone.losses[0]), rtol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("name", ["one", "three"])
def test_gradients_are_those_of_the_layers(name):
    layers = built(LAYERS[name])
    variables = [each for layer in layers for each in layer.trainable_variables]
    found, expected = (
        keras.tree.flatten(gradients(function, [INPUTS], variables))
        for function in (
            lambda x: dense_step(*layers)(x),
            lambda x: [layer(x) for layer in layers],
        )
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.training
def test_float64_is_kept():
    with double_precision():
        (layer,) = built([{"units": 3, "dtype": "float64"}])
        # Float32 cannot represent these weights.
        layer.kernel.assign(to_numpy(layer.kernel) * (1.0 + 1e-9))
        inputs = INPUTS.astype("float64")
        found = to_numpy(apply_dense(layer, ops.convert_to_tensor(inputs)))
        assert found.dtype == "float64"
        expected = inputs @ to_numpy(layer.kernel) + to_numpy(layer.bias)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_layer_is_applied():
    (layer,) = built([{"units": 3, "activation": "tanh"}])
    found = apply_dense(layer, ops.convert_to_tensor(INPUTS))
    expected = np.tanh(INPUTS @ to_numpy(layer.kernel) + to_numpy(layer.bias))
    np.testing.assert_allclose(to_numpy(found), expected, atol=1e-5)
