"""Metrics of answers in bits equal loops over examples, steps and bits."""

import math

import numpy as np
import pytest

from keras_attn.metrics import BitError, BitsPerSequence, SequenceError

METRICS = [BitsPerSequence, BitError, SequenceError]


def batches():
    generator = np.random.default_rng(0)
    for steps in (5, 3):
        bits = generator.integers(0, 2, (6, steps, 4)).astype("float32")
        logits = generator.normal(size=bits.shape).astype("float32")
        logits[1] = 9.0 * (2.0 * bits[1] - 1.0)  # all bits are right
        logits[2, -1] = 9.0 * (2.0 * bits[2, -1] - 1.0)
        weights = np.ones((6, steps), "float32")
        weights[:, 0] = 0.0
        weights[2, :-1] = 0.0  # the requested bits are right
        weights[5] = 0.0  # padding of the batch
        yield bits, logits, weights


def by_loops(batches):
    costs, wrong, failed = [], [], []
    for bits, logits, weights in batches:
        for row in range(len(bits)):
            asked = [step for step in range(bits.shape[1]) if weights[row, step]]
            if not asked:
                continue
            cost, errors = 0.0, []
            for step in asked:
                for bit, logit in zip(
                    bits[row, step], logits[row, step].astype(float), strict=True
                ):
                    # `-log p(bit)`, with the probability of the sigmoid.
                    cost += np.logaddexp(0.0, -logit if bit else logit) / math.log(2.0)
                    errors.append((logit > 0) != bool(bit))
            costs.append(cost)
            wrong += errors
            failed.append(any(errors))
    return {
        BitsPerSequence: np.mean(costs),
        BitError: np.mean(wrong),
        SequenceError: np.mean(failed),
    }


@pytest.mark.parametrize("metric", METRICS)
def test_equals_loops_over_several_batches(metric):
    found = metric()
    for bits, logits, weights in batches():
        found.update_state(bits, logits, weights)
    assert float(found.result()) == pytest.approx(by_loops(batches())[metric], rel=1e-5)
    found.reset_state()
    assert float(found.result()) == 0.0
    bits, logits, _ = next(batches())
    ones = np.ones(bits.shape[:2])
    expected = by_loops([(bits, logits, ones)])[metric]
    assert float(found(bits, logits)) == pytest.approx(expected, rel=1e-5)
    assert float(metric()(bits, logits, np.ones(6))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e30), ("float16", 1e3)])
def test_large_logits(metric, dtype, scale):
    bits, logits, weights = next(batches())
    large = (scale * logits).astype(dtype)
    expected = by_loops([(bits, large, weights)])[metric]
    assert float(metric()(bits.astype(dtype), large, weights)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_that_do_not_fit_are_refused(metric):
    bits, logits, weights = next(batches())
    for arguments, name in (
        ((bits, logits[:, :-1]), "y_true"),
        ((bits[..., 0], logits[..., 0]), "y_true"),
        ((bits, logits, weights[:, :-1]), "sample_weight"),
        ((bits, logits, weights[..., None]), "sample_weight"),
    ):
        with pytest.raises(ValueError, match=f"`{name}`"):
            metric()(*arguments)


def test_fractional_weights():
    # Logits of 0 are probabilities of one half: a cost of one bit each, and predictions of 0.
    bits = np.array([[[1, 0], [0, 0]], [[0, 0], [1, 1]]], "float32")
    logits = np.zeros((2, 2, 2), "float32")
    weights = np.array([[0.5, 0.25], [0.25, 0.0]], "float32")
    expected = {
        BitsPerSequence: 2 * (0.5 + 0.25 + 0.25) / 2,
        BitError: 0.5 * 0.5,
        SequenceError: 0.5,
    }
    for metric, wanted in expected.items():
        assert float(metric()(bits, logits, weights)) == pytest.approx(wanted)
    ones = np.array([0.5, 0.25], "float32")
    expected = {
        BitsPerSequence: 2 * (2 * 0.5 + 2 * 0.25) / 2,
        BitError: (0.5 * 0.5 + 0.25 * 1.0) / (2 * 0.5 + 2 * 0.25),
        SequenceError: 1.0,
    }
    for metric, wanted in expected.items():
        assert float(metric()(bits, logits, ones)) == pytest.approx(wanted)


@pytest.mark.parametrize("metric", METRICS)
def test_bits_may_be_integers_or_booleans(metric):
    bits, logits, weights = next(batches())
    expected = float(metric()(bits, logits, weights))
    for dtype in ("int32", "bool"):
        found = metric()(bits.astype(dtype), logits, weights.astype(dtype))
        assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_empty_channels_and_weights_without_axes_are_refused(metric):
    bits, logits, _ = next(batches())
    with pytest.raises(ValueError, match="`y_true`"):
        metric()(bits[..., :0], logits[..., :0])
    with pytest.raises(ValueError, match="`sample_weight`"):
        metric()(bits, logits, np.float32(1.0))
