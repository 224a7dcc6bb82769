"""The state and the constants of a search: structures of tensors, repeated for each hypothesis."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import beam_search, greedy_search, sample
from keras_attn.decoding.state import check_logits, check_state, copied, repeated
from tests.backend import to_numpy
from tests.decoding.chain import END, Chain


def test_copies_of_a_tensor_are_along_a_new_axis():
    tensor = np.arange(6).reshape(2, 3)
    for axis in range(3):
        found = to_numpy(copied(ops.convert_to_tensor(tensor), 4, axis))
        np.testing.assert_array_equal(found, np.stack([tensor] * 4, axis=axis))


def test_examples_are_repeated_one_after_the_other_in_any_structure():
    structure = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": [None, (np.array([True, False]), np.arange(4).reshape(2, 1, 2))],
    }
    found = repeated(structure, 3)
    np.testing.assert_array_equal(to_numpy(found["a"]), np.repeat(structure["a"], 3, axis=0))
    assert found["b"][0] is None
    for one, other in zip(found["b"][1], structure["b"][1], strict=True):
        assert to_numpy(one).dtype.kind == other.dtype.kind
        np.testing.assert_array_equal(to_numpy(one), np.repeat(other, 3, axis=0))
    assert repeated(None, 3) is None


@pytest.mark.once
def test_states_and_constants_are_of_one_batch():
    two, three = np.ones((2, 1)), np.ones((3,))
    for state, constants in (
        (two, None),
        ([two, {"a": three[:2]}], {"a": None, "b": two}),
        (keras.KerasTensor((None, 3)), two),
        (two, (None, [None])),
    ):
        check_state(state, constants)
    for state in (None, [], (None, two), [two, three], (two, 1.0), np.float32(2), [two, [three]]):
        with pytest.raises(ValueError, match="`state` must hold tensors"):
            check_state(state)
    for constants in (three, [two, three], {"a": None, "b": three}, 1.0, [two, np.float32(1)]):
        with pytest.raises(ValueError, match=r"`constants` must hold tensors.*, 2\. Received"):
            check_state(two, constants)


@pytest.mark.once
def test_logits_are_of_rank_2():
    check_logits(np.ones((2, 3)))
    for shape in ((3,), (2, 1, 3)):
        with pytest.raises(ValueError, match="`step` must return logits"):
            check_logits(np.ones(shape))


@pytest.mark.parametrize("search", [beam_search, greedy_search, sample])
def test_states_and_constants_may_be_nested(generator, search):
    """As one tensor, and as structures with integers, booleans and None."""
    chain = Chain(generator)
    options = {"seed": 0} if search is sample else {}
    expected = search(chain, chain.start(), 0, END, 4, constants=chain.seed, **options)

    def step(tokens, state, constants):
        history, (count, flags) = state
        assert constants["nothing"] is None
        seed = ops.where(flags[:, None], constants["parts"][0] + constants["parts"][1], 0.0)
        # The number of steps so far, which all hypotheses share.
        seed = seed + 0.0 * ops.cast(count, "float32")
        logits, after, weights = chain(tokens, {"history": history}, seed)
        return logits, (after["history"], [count + 1, flags]), weights

    state = (
        chain.start()["history"],
        [np.zeros((2, 1), "int32"), np.ones(2, "bool")],
    )
    constants = {"nothing": None, "parts": [0.25 * chain.seed, 0.75 * chain.seed]}
    found = search(step, state, 0, END, 4, constants=constants, **options)
    np.testing.assert_array_equal(to_numpy(found.tokens), to_numpy(expected.tokens))
    np.testing.assert_allclose(to_numpy(found.scores), to_numpy(expected.scores), atol=1e-5)
    np.testing.assert_allclose(to_numpy(found.alignments), to_numpy(expected.alignments), atol=1e-5)
