"""Metrics that ignore padding equal loops over examples and steps."""

import keras
import numpy as np
import pytest

from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import (
    BitError,
    BitsPerSequence,
    ExactMatch,
    Perplexity,
    SequenceError,
    TokenAccuracy,
)

METRICS = [ExactMatch, Perplexity, TokenAccuracy]


def batches():
    generator = np.random.default_rng(0)
    for steps in (5, 3):
        labels = generator.integers(1, 7, (6, steps))
        labels[0, 1:] = labels[1, 2:] = labels[2] = 0
        logits = generator.normal(size=(6, steps, 7)).astype("float32")
        logits[3:5] = 5 * np.eye(7)[labels[3:5]]  # right ones
        yield labels.astype("int32"), logits


def by_loops(batches, ignore_class=0):
    """Returns the results of all metrics as weighted means.

    Args:
        batches: List of `(labels, logits)` or `(labels, logits, weights)`, with weights of shape
            `(batch,)` or `(batch, steps)`. An exact match has the weight of the first step.
        ignore_class: Label of padding, or `None`.
    """
    logs, right, tokens, exact, sequences = [], [], [], [], []
    for labels, logits, *given in batches:
        weights = np.ones(labels.shape)
        if given:
            weights *= given[0].reshape(len(labels), -1)
        for label, row, weight in zip(labels, logits, weights, strict=True):
            steps = [step for step in range(len(label)) if label[step] != ignore_class]
            hits = [int(np.argmax(row[step]) == label[step]) for step in steps]
            mass = np.exp(row.astype("float64"))
            logs += [np.log(mass[step, label[step]] / mass[step].sum()) for step in steps]
            right += hits
            tokens += [weight[step] for step in steps]
            if steps:
                exact.append(all(hits))
                sequences.append(weight[0])
    return {
        Perplexity: np.exp(-np.average(logs, weights=tokens)),
        TokenAccuracy: np.average(right, weights=tokens),
        ExactMatch: np.average(exact, weights=sequences),
    }


@pytest.mark.parametrize("metric", METRICS)
def test_equals_loops_over_several_batches(metric):
    found = metric()
    for labels, logits in batches():
        found.update_state(labels, logits)
    assert float(found.result()) == pytest.approx(by_loops(batches())[metric], rel=1e-5)
    found.reset_state()
    first = next(batches())
    assert float(found(*first)) == pytest.approx(by_loops([first])[metric], rel=1e-5)


EXAMPLES = np.array([1, 0.5, 2, 0, 3, 0], "float32")
TOKENS = np.random.default_rng(1).choice([0.0, 0.5, 2.0], size=(6, 5)).astype("float32")


@pytest.mark.parametrize(
    ("metric", "weights"),
    [*((metric, EXAMPLES) for metric in METRICS), (Perplexity, TOKENS), (TokenAccuracy, TOKENS)],
)
def test_results_are_weighted_means(metric, weights):
    labels, logits = next(batches())
    expected = by_loops([(labels, logits, weights)])[metric]
    assert float(metric()(labels, logits, weights)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "empty"), [(ExactMatch, 0.0), (Perplexity, 1.0), (TokenAccuracy, 0.0)]
)
def test_batches_of_padding_have_no_effect(metric, empty):
    found = metric()
    labels, logits = next(batches())
    found.update_state(np.zeros_like(labels), logits)
    assert float(found.result()) == empty
    found.update_state(labels, logits)
    expected = by_loops([(labels, logits)])[metric]
    assert float(found.result()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_padding_may_be_another_class_or_none(metric):
    labels, logits = next(batches())
    moved = np.where(labels == 0, -1, labels)
    expected = by_loops([(labels, logits)])[metric]
    assert float(metric(ignore_class=-1)(moved, logits)) == pytest.approx(expected, rel=1e-5)
    expected = by_loops([(labels, logits)], ignore_class=None)[metric]
    assert float(metric(ignore_class=None)(labels, logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_that_do_not_fit_are_refused(metric):
    found = metric()
    with pytest.raises(ValueError, match=r"`y_pred` must have the shape.*\(2, 3\).*\(2, 3\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"`y_pred` must have the shape.*\(2, 4, 5\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match=r"`sample_weight` must have the first axes.*\(3,\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 3, 5)), np.ones(3))


def test_logits_of_padding_may_be_minus_infinity():
    labels, logits = next(batches())
    logits[..., 0] = -np.inf
    kept = np.arange(len(labels)) != 4
    expected = by_loops([(labels[kept], logits[kept])])[Perplexity]
    found = Perplexity()
    logits[4] = np.nan  # of an example of weight zero
    found.update_state(labels, logits, kept.astype("float32"))
    assert float(found.result()) == pytest.approx(expected, rel=1e-5)


def test_half_precision_does_not_round_the_mean():
    labels = np.ones((64, 64), "int32")
    logits = np.zeros((64, 64, 5), "float16")
    assert float(Perplexity()(labels, keras.ops.convert_to_tensor(logits))) == pytest.approx(
        5.0, rel=1e-4
    )


@pytest.mark.parametrize("metric", METRICS)
def test_labels_of_padding_may_lie_above_the_classes(metric):
    labels, logits = next(batches())
    moved = np.where(labels == 0, 100, labels)
    expected = by_loops([(labels, logits)])[metric]
    assert float(metric(ignore_class=100)(moved, logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_further_axes_are_further_examples(metric):
    labels, logits = next(batches())
    expected = by_loops([(labels, logits)])[metric]
    found = metric()(labels.reshape(2, 3, 5), logits.reshape(2, 3, 5, 7))
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.once
@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (ExactMatch, "exact_match"),
        (Perplexity, "perplexity"),
        (TokenAccuracy, "token_accuracy"),
        (BitError, "bit_error"),
        (BitsPerSequence, "bits_per_sequence"),
        (SequenceError, "sequence_error"),
        (TokenCrossentropy, "token_crossentropy"),
    ],
)
def test_names_in_the_history(metric, name):
    assert metric().name == name
    assert metric(name="other").name == "other"
