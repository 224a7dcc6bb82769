"""Reading and writing of an external memory."""

import keras
import numpy as np
import pytest

from keras_attn.ops import read_memory, write_memory
from keras_attn.ops.external_memory import plain_write_memory, write_gradients
from tests.backend import to_numpy
from tests.ops.functions import pull_back

BATCH, LOCATIONS, WIDTH = 2, 5, 4


@pytest.fixture
def memory(generator):
    return generator.normal(size=(BATCH, LOCATIONS, WIDTH)).astype("float32")


def heads(generator, count):
    weights = generator.dirichlet(np.ones(LOCATIONS), size=(BATCH, count))
    erase, add = generator.uniform(size=(2, BATCH, count, WIDTH))
    return [array.astype("float32") for array in (weights, erase, add)]


@pytest.mark.parametrize("count", [1, 3])
def test_reading_and_writing_are_the_loops(generator, memory, count):
    weights, erase, add = heads(generator, count)
    read, after = np.zeros((BATCH, count, WIDTH)), memory.astype("float64")
    for b, h, i in np.ndindex(BATCH, count, LOCATIONS):
        read[b, h] += weights[b, h, i] * memory[b, i]
        after[b, i] *= 1.0 - weights[b, h, i] * erase[b, h]
    for b, h, i in np.ndindex(BATCH, count, LOCATIONS):
        after[b, i] += weights[b, h, i] * add[b, h]
    np.testing.assert_allclose(to_numpy(read_memory(weights, memory)), read, atol=1e-5)
    found = to_numpy(write_memory(memory, weights, erase, add))
    np.testing.assert_allclose(found, after, atol=1e-5)


def test_a_row_written_in_full_is_read(generator, memory):
    weights = np.eye(LOCATIONS, dtype="float32")[[3, 0]][:, None]
    add = generator.normal(size=(BATCH, 1, WIDTH)).astype("float32")
    after = to_numpy(write_memory(memory, weights, np.ones_like(add), add))
    np.testing.assert_allclose(to_numpy(read_memory(weights, after)), add, atol=1e-6)
    for b, row in ((0, 3), (1, 0)):
        others = np.arange(LOCATIONS) != row
        np.testing.assert_array_equal(after[b, others], memory[b, others])


def test_no_erase_equals_an_erase_of_zeros(generator, memory):
    weights, erase, add = heads(generator, 2)
    found = to_numpy(write_memory(memory, weights, None, add))
    expected = to_numpy(write_memory(memory, weights, 0.0 * erase, add))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_other_shapes_are_refused(generator, memory):
    weights, erase, add = heads(generator, 2)
    for arguments in ((weights[0], memory), (weights[..., :3], memory), (weights[:1], memory)):
        with pytest.raises(ValueError, match="`weights` must be of shape"):
            read_memory(*arguments)
    with pytest.raises(ValueError, match="`erase` must be of shape"):
        write_memory(memory, weights, erase[..., :2], add)
    with pytest.raises(ValueError, match="`add` must be of shape"):
        write_memory(memory, weights, erase, add[:, :1])


@pytest.mark.parametrize("name", ["erase", "add"])
def test_other_batch_sizes_are_refused(name):
    right = {
        "memory": np.ones((2, 5, 4), "float32"),
        "weights": np.ones((2, 1, 5), "float32"),
        "erase": np.ones((2, 1, 4), "float32"),
        "add": np.ones((2, 1, 4), "float32"),
    }
    for batch in (1, 3):
        with pytest.raises(ValueError, match=f"`{name}` must"):
            write_memory(**{**right, name: np.ones((batch, 1, 4), "float32")})


def test_integers_are_accepted():
    memory = np.array([[[1, 0], [0, 1]]])
    found = to_numpy(write_memory(memory, np.array([[[0, 1]]]), None, np.array([[[2, 2]]])))
    np.testing.assert_array_equal(found, [[[1, 0], [2, 3]]])


def test_a_memory_may_be_symbolic():
    shapes = {"memory": (5, 4), "weights": (1, 5), "erase": (1, 4), "add": (1, 4)}
    assert write_memory(**{n: keras.Input(s) for n, s in shapes.items()}).shape == (None, 5, 4)


@pytest.mark.training
@pytest.mark.parametrize("count", [1, 2, 3])
def test_gradients_of_a_write_are_those_of_its_equation(generator, memory, count):
    weights, erase, add = heads(generator, count)
    weights[0, 0], erase[0, 0] = np.eye(LOCATIONS)[1], 1.0  # of one location nothing is kept
    gradient = generator.normal(size=memory.shape).astype("float32")
    arrays = [memory, weights, erase, add]
    found = write_gradients(*map(keras.ops.convert_to_tensor, (*arrays, gradient)))
    _, expected = pull_back(plain_write_memory, arrays, gradient)
    for ours, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(ours), wanted, atol=1e-5)


def test_ranks_of_a_write_are_refused(generator, memory):
    weights, erase, add = heads(generator, 2)
    for name, wrong in (("erase", erase[0]), ("add", add[..., None]), ("add", add[0, 0])):
        with pytest.raises(ValueError, match=f"`{name}` must be of shape"):
            write_memory(memory, weights, **{"erase": erase, "add": add, name: wrong})
    with pytest.raises(ValueError, match="`weights` must be of shape"):
        read_memory(weights, memory[..., None])
