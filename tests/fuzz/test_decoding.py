"""Searches with arbitrary arguments and states."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_attn import decoding
from tests.fuzz.outcome import REFUSED, outcome
from tests.fuzz.strategies import (
    SIZES,
    changed_arrays,
    changed_options,
    changes,
    fuzzed,
    same_shapes,
)

pytestmark = pytest.mark.once
VOCABULARY, VALUES = 4, 3
COMMON = {
    "start_id": (1,),
    "end_id": (2, np.int64(2)),
    "max_length": (3, 1),
    "min_length": (0, 1),
    "no_repeat_ngram_size": (0, 2, 1),
    "suppress_tokens": ((), (0,), [0, 1]),
    "pad_id": (0, 7),
}
SEARCHES = {
    "beam_search": {
        **COMMON,
        "num_beams": (2, 1, 5),
        "num_hypotheses": (1,),
        "length_penalty": (0.0, 0.6, 1),
        "coverage_penalty": (0.0, 0.2),
    },
    "greedy_search": COMMON,
    "sample": {
        **COMMON,
        "num_samples": (1, 2),
        "temperature": (1.0, 0.5, 2),
        "top_k": (None, 2),
        "top_p": (None, 0.5, 1.0),
        "seed": (None, 3),
    },
}


def step(tokens, state, constants):
    """Returns logits that depend on the tokens and the state, and equal attention weights."""
    kernel = keras.ops.convert_to_tensor(np.eye(VOCABULARY, dtype="float32"))
    total = keras.ops.sum(state, axis=tuple(range(1, len(state.shape))))[:, None]
    logits = keras.ops.take(kernel, keras.ops.clip(tokens, 0, VOCABULARY - 1), axis=0) + total
    weights = keras.ops.ones((keras.ops.shape(tokens)[0], VALUES)) / VALUES
    return logits, state, weights


@pytest.mark.parametrize("name", SEARCHES)
@fuzzed(12)
@given(st.data())
def test_searches_give_hypotheses_or_name_the_argument(name, data):
    batch = data.draw(st.sampled_from(SIZES))
    arrays = {"state": np.linspace(0, 1, 2 * batch, dtype="float32").reshape(batch, 2)}
    arrays["constants"] = arrays["state"]
    masked = name == "beam_search" and data.draw(st.booleans())
    if masked:
        arrays["memory_mask"] = np.ones((batch, VALUES), "bool")
    changed = changed_arrays(arrays, data.draw(changes(arrays, scales=False)))
    options, valid = data.draw(changed_options(SEARCHES[name]))
    names = {*options, *arrays}
    found = outcome(lambda: getattr(decoding, name)(step, **changed, **options), names)
    if found is REFUSED:
        assert not (valid and batch and same_shapes(changed, arrays)), "refused"
        return
    tokens, lengths, scores, alignments = (keras.ops.convert_to_numpy(each) for each in found)
    batch = changed["state"].shape[0]
    count = options.get("num_hypotheses") or options.get("num_samples") or 1
    length = int(options["max_length"])
    assert tokens.shape == (batch, count, length)
    assert lengths.shape == scores.shape == (batch, count)
    assert alignments.shape == (batch, count, length, VALUES)
    assert np.isfinite(alignments).all()
    assert np.isfinite(scores[lengths > 0]).all()
    assert tokens.dtype == lengths.dtype == "int32"
    assert scores.dtype == alignments.dtype == "float32"
