"""Least recently used access of a cell whose weights are set by hand."""

import numpy as np
import pytest

from keras_attn import MANNCell, MemoryRNN
from tests.backend import to_numpy
from tests.layers.machines import Heads, identity

LOCATIONS, WIDTH = 4, 3


def network(num_read_heads):
    """A network that writes keys to the least used locations, or to those that it read last.

    The input is a key for each head, and a number that is 1 where the network writes again what it
    read last.
    """
    features = num_read_heads * WIDTH + 1
    cell = MANNCell(features, LOCATIONS, WIDTH, num_read_heads, controller=identity(features))
    layer = MemoryRNN(cell, return_sequences=True)
    layer.build((None, None, features))
    heads = Heads(cell)
    for head, place in np.ndindex(num_read_heads, WIDTH):
        heads.kernel["key"][head * WIDTH + place, head, place] = 1.0
    heads.bias["gate"][:] = -20.0
    heads.kernel["gate"][-1] = 40.0
    heads.set()
    return layer


def trace(layer, keys, read_again=()):
    sequence = np.zeros((1, len(keys), layer.cell.units), "float32")
    sequence[0, :, :-1] = keys
    sequence[0, list(read_again), -1] = 1.0
    return {name: to_numpy(each)[0] for name, each in layer.trace(sequence).items()}


@pytest.mark.parametrize("heads", [1, 2])
def test_the_least_used_locations_are_emptied_and_written(generator, heads):
    keys = generator.uniform(-1.0, 1.0, (10, heads * WIDTH))
    found = trace(network(heads), keys)
    places = np.argmax(found["write_weights"], axis=-1)
    # All usages are equal at first: locations are written in their order, each once before any is
    # written again.
    assert places[0].tolist() == list(range(heads))
    assert sorted(places[: LOCATIONS // heads].reshape(-1)) == list(range(LOCATIONS))
    for before, place in zip(found["usage"], places[1:], strict=False):
        assert place.tolist() == np.argsort(before, kind="stable")[:heads].tolist()
    written = np.tanh(keys.reshape(10, heads, WIDTH))
    for step, head in np.ndindex(10, heads):
        row = found["memory"][step, places[step, head]]
        np.testing.assert_allclose(row, written[step, head], atol=1e-5)


def test_writing_again_empties_the_least_used_location(generator):
    keys = generator.uniform(-1.0, 1.0, (6, WIDTH))
    found = trace(network(1), keys, read_again=[5])
    read, written = found["read_weights"][4, 0], found["write_weights"][5, 0]
    np.testing.assert_allclose(written, read, atol=1e-6)
    kept = np.arange(LOCATIONS) != np.argmin(found["usage"][4])
    expected = found["memory"][4] * kept[:, None] + read[:, None] * np.tanh(keys[5])
    np.testing.assert_allclose(found["memory"][5], expected, atol=1e-5)
