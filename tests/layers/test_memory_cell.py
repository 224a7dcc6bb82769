"""Parameters of the heads: activations of clipped numbers, in every precision."""

import keras
import numpy as np
import pytest

from keras_attn import DNCCell, MANNCell, NTMCell
from tests.backend import TRAINS, gradients, to_numpy
from tests.conformance.case import randomise
from tests.oracles.memory import softmax, softplus
from tests.oracles.recurrent import sigmoid

SIZES = {"memory_locations": 6, "memory_width": 3, "num_read_heads": 2}


def one_and_more(numbers):
    return 1.0 + softplus(numbers)


# By the tables of the papers.
ACTIVATIONS = {
    NTMCell: {
        "key": np.tanh,
        "strength": softplus,
        "gate": sigmoid,
        "shift": softmax,
        "sharpening": one_and_more,
        "erase": sigmoid,
        "add": np.tanh,
    },
    DNCCell: {
        "read_key": np.array,
        "read_strength": one_and_more,
        "write_key": np.array,
        "write_strength": one_and_more,
        "erase": sigmoid,
        "add": np.array,
        "free_gate": sigmoid,
        "allocation_gate": sigmoid,
        "write_gate": sigmoid,
        "read_mode": softmax,
    },
    MANNCell: {"key": np.tanh, "gate": sigmoid},
}
POLICIES = ["float32", "mixed_float16", "mixed_bfloat16"]
TOLERANCE = {"float32": 1e-5, "mixed_float16": 3e-3, "mixed_bfloat16": 3e-2}


@pytest.mark.parametrize("policy", POLICIES[: 3 if TRAINS else 1])
@pytest.mark.parametrize("clip", [20.0, 2.5])
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_parameters_of_the_heads_are_activations_of_clipped_numbers(kind, clip, policy):
    cell = kind(5, **SIZES, clip=clip, dtype=policy)
    cell.build((None, 4))
    # Within the limits, at them, and beyond, for every parameter.
    numbers = np.resize([-1e4, -25.0, -20.0, -2.5, -1.0, 0.0, 0.5, 2.5, 20.0, 60.0, 1e4], (97,))
    numbers = np.resize(numbers, cell.heads.units)
    cell.heads.bias.assign(numbers)
    found = cell.told(keras.ops.zeros((1, 5), cell.compute_dtype))
    clipped = np.clip(numbers, -clip, clip)
    for name, (count, width) in cell.parts.items():
        part, clipped = clipped[: count * width], clipped[count * width :]
        expected = ACTIVATIONS[kind][name](part.reshape(count, width))
        output = to_numpy(found[name]).astype("float64").reshape(count, width)
        tolerance = TOLERANCE[policy]
        np.testing.assert_allclose(output, expected, tolerance, tolerance, err_msg=name)
        if name == "sharpening" or name.endswith("_strength"):
            assert np.all(output >= 1.0)


@pytest.mark.training
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_numbers_beyond_the_limits_have_no_gradient(kind):
    cell = kind(5, **SIZES, clip=2.0)
    cell.build((None, 4))
    numbers = np.resize([-3.0, 1.0, 2.5, -1.5], cell.heads.units).astype("float32")
    cell.heads.bias.assign(numbers)
    _, (slope,) = gradients(lambda hidden: cell.numbers(hidden), [np.zeros((1, 5), "float32")],
                            [cell.heads.bias])  # fmt: skip
    np.testing.assert_allclose(slope, np.where(np.abs(numbers) <= 2.0, 2.0 * numbers, 0.0))


@pytest.mark.training
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_gradient_of_every_state_is_clipped(kind, generator):
    cell = kind(5, **SIZES, gradient_clip=1e-3)
    cell.build((None, 4))
    randomise(cell)
    x = generator.normal(size=(2, 4)).astype("float32")
    initial = [to_numpy(state) for state in cell.get_initial_state(batch_size=2)]
    states = [generator.uniform(size=state.shape).astype("float32") for state in initial]

    def step(x, *states):
        output, states = cell(x, list(states))
        return keras.ops.concatenate(
            [keras.ops.reshape(each, (2, -1)) for each in [output, *states]], axis=-1
        )

    (_, of_output, *others), _ = gradients(step, [x, *states])
    # The step reads the vectors of the step before, and not its hidden units.
    for gradient in (of_output[:, 5:], *others):
        assert np.abs(gradient).max() <= 1e-3 * (1 + 1e-6)
    assert np.isclose(np.abs(of_output[:, 5:]).max(), 1e-3)


@pytest.mark.training
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_huge_numbers_have_finite_gradients_without_a_limit(kind):
    cell = kind(5, **SIZES, clip=None)
    layer = keras.layers.RNN(cell)
    layer.build((None, 2, 4))
    cell.heads.bias.assign(np.resize([-1e4, 1e4, 0.0, 30.0, -100.0], cell.heads.units))
    x = np.ones((1, 2, 4), "float32")
    by_input, by_weight = gradients(layer, [x], layer.trainable_variables)
    assert all(np.all(np.isfinite(each)) for each in by_input + by_weight)
