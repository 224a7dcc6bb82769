"""Losses and metrics with arbitrary arguments and shapes."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_attn import losses, metrics
from keras_attn.decoding import Alignment
from tests.fuzz.outcome import REFUSED, check_outputs, outcome
from tests.fuzz.strategies import (
    SIZES,
    changed_arrays,
    changed_options,
    changes,
    fuzzed,
    same_shapes,
    wrong_values,
)

pytestmark = pytest.mark.once
TOKENS = {"ignore_class": (0, None, -1)}
REDUCTION = {"reduction": ("sum_over_batch_size", "sum", None, "mean")}
CLASSES = {
    losses.TokenCrossentropy: {**TOKENS, **REDUCTION},
    metrics.Perplexity: TOKENS,
    metrics.TokenAccuracy: TOKENS,
    metrics.ExactMatch: TOKENS,
    metrics.BitError: {},
    metrics.BitsPerSequence: {},
    metrics.SequenceError: {},
}
# Largest rank of the weights, where it is not 2.
WEIGHTS = {metrics.ExactMatch: 1}
TEXTS = (
    ["a b c d e", "f"], ["a b", "c"], ["", ""], ["a"], [], [["a"], ["b", "c"]], [["a"], []],
    ("a", "b"), "a", [1, "a"], [None, "a"], None, 1,
)  # fmt: skip
# Of these two sentences each.
PAIRED = TEXTS[:3]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@fuzzed(12)
@given(st.data())
def test_losses_and_metrics_of_arbitrary_shapes(cls, data):
    batch, steps, width = (data.draw(st.sampled_from(SIZES)) for _ in range(3))
    shape = (batch, steps, width) if not CLASSES[cls].get("ignore_class") else (batch, steps)
    arrays = {
        "y_true": np.arange(np.prod(shape, dtype=int)).reshape(shape) % max(width, 1) % 2,
        "y_pred": np.linspace(-1, 1, batch * steps * width).reshape(batch, steps, width),
        "sample_weight": np.ones((batch, steps)[: data.draw(st.integers(1, WEIGHTS.get(cls, 2)))]),
    }
    if data.draw(st.booleans()):
        arrays.pop("sample_weight")
    given_arrays = arrays
    arrays = changed_arrays(arrays, data.draw(changes(arrays, scales=False)))
    if cls is losses.TokenCrossentropy:
        arrays["y_true"] = arrays["y_true"] * 0  # labels are classes
    options, valid = data.draw(changed_options(CLASSES[cls]))
    names = {*options, *arrays}
    made = outcome(lambda: cls(**options), names)
    if made is REFUSED:
        assert not valid, "refused"
        return
    found = outcome(lambda: made(**arrays), names)
    if found is REFUSED:
        valid = valid and same_shapes(arrays, given_arrays)
        assert not (valid and batch and steps and width), "refused"
        return
    check_outputs(found)
    # The reduction of a loss is that of Keras.
    if isinstance(made, keras.metrics.Metric):
        assert tuple(found.shape) == ()


@fuzzed(10)
@given(st.data())
def test_text_scores(data):
    hypotheses, references = (data.draw(st.sampled_from(TEXTS)) for _ in range(2))
    names = {"hypotheses", "references", "kinds", "tokenize"}
    fit = hypotheses in PAIRED and references in PAIRED
    options, valid = data.draw(changed_options({"lowercase": (False, True), "tokenize": ("13a",)}))
    found = outcome(lambda: metrics.bleu(hypotheses, references, **options), names)
    if found is not REFUSED:
        assert 0 <= found.score <= 100.0001
    else:
        assert not (fit and valid), "refused"
    kinds = (("rouge1", "rougeL"), "rouge2", ["rougeLsum"])
    options, valid = data.draw(changed_options({"kinds": kinds, "stem": (True, False)}))
    found = outcome(lambda: metrics.rouge(hypotheses, references, **options), names)
    if found is not REFUSED:
        assert all(0 <= each.score <= 100 for each in found.values())
    else:
        assert not (fit and valid), "refused"


@fuzzed(12)
@given(st.data())
def test_pointing_accuracy(data):
    arrays = {"source": np.zeros((4, 4, 3)), "weights": np.ones((2, 2, 2))}
    arrays = changed_arrays(arrays, data.draw(changes(arrays)))
    alignments = [Alignment(arrays["source"], ["a", "star"], arrays["weights"])]
    alignments = data.draw(st.sampled_from([alignments, [], *wrong_values("alignments")]))
    boxes = [{"star": (0, 0, 2, 2)}], [{"star": (0, 0, 2)}], [{}], [], [None], None, "wrong"
    boxes = data.draw(st.sampled_from(boxes))
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first", "wrong", None, 1]))
    names = {"alignments", "boxes", "data_format"}
    found = outcome(lambda: metrics.pointing_accuracy(alignments, boxes, data_format), names)
    if found is not REFUSED:
        accuracy, count = found
        assert np.isnan(accuracy) if count == 0 else 0 <= accuracy <= 1
