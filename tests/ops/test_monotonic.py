"""Monotonic attention: weights of all modes, at saturated gates and in long memories."""

import numpy as np
import pytest
from keras import ops

from keras_attn.ops import monotonic_weights
from keras_attn.ops.monotonic import _arrived, _arrived_by_pairs
from tests.backend import TRAINS, gradients, to_numpy
from tests.oracles import alignment as oracle


def logs(probability):
    with np.errstate(divide="ignore"):
        return np.log(probability).astype("float32"), np.log1p(-probability).astype("float32")


def test_pairs_are_the_doubled_spans(generator):
    passing, previous = generator.uniform(0.1, 1, (2, 3, 11)).astype("float32")
    passing, previous = ops.convert_to_tensor(passing), ops.convert_to_tensor(previous)
    found = to_numpy(_arrived_by_pairs(ops.log(passing), previous))
    np.testing.assert_allclose(found, to_numpy(_arrived(passing, previous)), atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "weigh"),
    [
        ("parallel", oracle.monotonic),
        ("recursive", oracle.monotonic),
        ("hard", oracle.hard_monotonic),
    ],
)
def test_weights_of_query_after_query(generator, mode, weigh):
    # With these numbers hard attention moves on and leaves the memory.
    probability = generator.uniform(0.05, 0.7, (2, 4, 9))
    expected = np.stack([weigh(each) for each in probability])
    previous = np.eye(1, 9).repeat(2, axis=0)
    for query in range(4):
        previous = to_numpy(monotonic_weights(*logs(probability[:, query]), previous, mode))
        np.testing.assert_allclose(previous, expected[:, query], atol=1e-5)


def test_hard_attention_passes_at_even_odds():
    even = np.log(np.full((1, 3), 0.5, "float32"))
    weights = to_numpy(monotonic_weights(even, even, np.eye(1, 3, dtype="float32"), "hard"))
    np.testing.assert_array_equal(weights, [[0.0, 0.0, 0.0]])


@pytest.mark.parametrize("mode", ["parallel", "recursive"])
@pytest.mark.parametrize("energy", [-1e4, -50.0, 50.0, 1e4])
def test_saturated_gates_have_finite_weights_and_gradients(mode, energy):
    energies = np.full((2, 7), energy, "float32")
    log_stop, log_pass = -np.logaddexp(0, -energies), -np.logaddexp(0, energies)
    previous = np.full((2, 7), 1 / 7, "float32")
    found = to_numpy(monotonic_weights(log_stop, log_pass, previous, mode))
    assert np.all(np.isfinite(found))
    if energy > 0 and mode == "recursive":
        np.testing.assert_allclose(found, previous, atol=1e-5)  # each stops where it is
    if TRAINS:
        by_input, _ = gradients(
            lambda *tensors: monotonic_weights(*tensors, mode), [log_stop, log_pass, previous]
        )
        assert all(np.all(np.isfinite(gradient)) for gradient in by_input)


def test_recursive_is_exact_in_a_long_memory():
    """`test_bounds` has the values of `mode="parallel"`, which are not."""
    probability = np.full((1, 400), 0.3)
    previous = np.zeros((1, 400))
    previous[0, 300] = 1.0
    exact = 0.3 * 0.7 ** np.arange(100)
    found = to_numpy(monotonic_weights(*logs(probability), previous, "recursive"))
    np.testing.assert_allclose(found[0, 300:], exact, rtol=1e-3)
    assert np.all(found[0, :300] == 0.0)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="`mode` must be one of"):
        monotonic_weights(np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2)), "soft")


@pytest.mark.parametrize("mode", ["recursive", "parallel", "hard"])
def test_a_memory_of_one_position(mode):
    stop = np.array([[0.75], [0.25]])
    previous = np.array([[1.0], [1.0]], "float32")
    found = to_numpy(monotonic_weights(*logs(stop), previous, mode))
    np.testing.assert_allclose(found, [[1.0], [0.0]] if mode == "hard" else stop, rtol=1e-5)


@pytest.mark.training
def test_a_memory_of_no_position():
    nothing = np.zeros((2, 0), "float32")
    for mode in ("recursive", "parallel", "hard"):
        assert to_numpy(monotonic_weights(nothing, nothing, nothing, mode)).shape == (2, 0)


@pytest.mark.parametrize("mode", ["recursive", "parallel"])
def test_masked_positions_are_passed(mode):
    """Their logarithms are `-inf` to stop, and 0 to pass."""
    stop = np.array([[0.5, 0.0, 0.0, 0.4]])
    previous = np.array([[0.75, 0.25, 0.0, 0.0]], "float32")
    found = to_numpy(monotonic_weights(*logs(stop), previous, mode))
    np.testing.assert_allclose(found, [[0.375, 0.0, 0.0, 0.4 * (0.375 + 0.25)]], rtol=1e-5)


def test_hard_attention_starts_where_the_query_before_stopped():
    """The start is the first position at which the summed previous weights exceed a half."""
    log_stop, log_pass = logs(np.array([[0.9, 0.4, 0.9, 0.9]] * 3))
    previous = np.array([[0.5, 0.2, 0.3, 0.0], [0.0] * 4, [0.0, 0.0, 0.0, 1.0]], "float32")
    found = to_numpy(monotonic_weights(log_stop, log_pass, previous, "hard"))
    np.testing.assert_array_equal(found, [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
