"""A differentiable neural computer with weights set by hand, and bounds of all weightings."""

import numpy as np
import pytest

from keras_attn import DNCCell, MemoryRNN
from tests.backend import to_numpy
from tests.conformance.case import randomise
from tests.layers.machines import Heads, identity

WIDTH = 5
WRITE, BACKWARD, FORWARD, FREE = range(WIDTH, WIDTH + 4)


def computer(locations):
    """A computer that writes, follows its links and frees at the signs in its input.

    The input is a row, and the signs `WRITE`, `BACKWARD`, `FORWARD` and `FREE`. A row is written to
    a free location at `WRITE`; without a sign to follow the links, the one that resembles the row
    is read. `FREE` gives back what was read at the step before.
    """
    features = WIDTH + 4
    cell = DNCCell(features, locations, WIDTH, controller=identity(features), clip=None)
    layer = MemoryRNN(cell, return_sequences=True)
    layer.build((None, None, features))
    heads = Heads(cell)
    for place in range(WIDTH):
        heads.kernel["read_key"][place, 0, place] = 1.0
        heads.kernel["add"][place, 0, place] = 1.0
    heads.bias["read_strength"][:] = 20.0
    heads.bias["erase"][:] = heads.bias["allocation_gate"][:] = 20.0
    # The sigmoid is 0: reading by content would find a row of any small length.
    heads.bias["write_gate"][:] = heads.bias["free_gate"][:] = -200.0
    heads.kernel["write_gate"][WRITE] = heads.kernel["free_gate"][FREE] = 400.0
    heads.bias["read_mode"][0] = [-20.0, 0.0, -20.0]
    heads.kernel["read_mode"][BACKWARD, 0, 0] = 40.0
    heads.kernel["read_mode"][FORWARD, 0, 2] = 40.0
    heads.set()
    return layer


def steps(*pairs):
    """Returns a sequence `(1, steps, features)` of pairs of a row, or `None`, and signs."""
    sequence = np.zeros((1, len(pairs), WIDTH + 4), "float32")
    for step, (row, *signs) in enumerate(pairs):
        if row is not None:
            sequence[0, step, row] = 1.0
        sequence[0, step, signs] = 1.0
    return sequence


@pytest.mark.parametrize("sign", [FORWARD, BACKWARD])
def test_rows_are_read_in_the_order_of_writing(sign):
    order = [3, 0, 4, 2]
    replay = order if sign == FORWARD else order[::-1]
    layer = computer(locations=6)
    sequence = steps(*((row, WRITE) for row in order), (replay[0],), *[(None, sign)] * 3)
    trace = {name: to_numpy(each)[0] for name, each in layer.trace(sequence).items()}
    np.testing.assert_allclose(trace["reads"][4:, 0], np.eye(WIDTH)[replay], atol=1e-4)
    # Rows are written to free locations in their order.
    np.testing.assert_allclose(trace["write_weights"][:4, 0], np.eye(6)[:4], atol=1e-4)
    np.testing.assert_allclose(trace["usage"][-1], [1.0] * 4 + [0.0] * 2, atol=1e-4)


def test_a_freed_location_is_written_again():
    layer = computer(locations=3)
    sequence = steps(*((row, WRITE) for row in (0, 1, 2)), (1,), (4, WRITE, FREE), (0,), (4,))
    trace = {name: to_numpy(each)[0] for name, each in layer.trace(sequence).items()}
    np.testing.assert_allclose(trace["memory"][-1], np.eye(WIDTH)[[0, 4, 2]], atol=1e-4)
    np.testing.assert_allclose(trace["reads"][-2:, 0], np.eye(WIDTH)[[0, 4]], atol=1e-4)


def test_a_full_memory_that_frees_nothing_is_not_overwritten():
    layer = computer(locations=2)
    trace = layer.trace(steps((0, WRITE), (1, WRITE), (2, WRITE)))
    np.testing.assert_allclose(to_numpy(trace["memory"])[0, -1], np.eye(WIDTH)[:2], atol=1e-4)


def test_weightings_stay_in_their_range(generator):
    layer = MemoryRNN(DNCCell(5, memory_locations=6, memory_width=4, num_read_heads=2))
    layer.build((None, None, 3))
    randomise(layer)
    trace = layer.trace(10.0 * generator.normal(size=(3, 8, 3)).astype("float32"))
    trace = {name: to_numpy(each) for name, each in trace.items()}
    for name in ("read_weights", "write_weights", "precedence"):
        assert np.all(trace[name] >= 0.0)
        assert np.all(trace[name].sum(axis=-1) <= 1.0 + 1e-5)
    assert np.all((trace["usage"] >= 0.0) & (trace["usage"] <= 1.0))
    for axis in (-1, -2):
        assert np.all(trace["links"].sum(axis=axis) <= 1.0 + 1e-5)
