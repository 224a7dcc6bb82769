"""Metrics that ignore padding, held against loops."""

import json

import keras
import numpy as np
import pytest

from keras_attn.metrics import ExactMatch, Perplexity, TokenAccuracy

METRICS = [ExactMatch, Perplexity, TokenAccuracy]


def batches():
    generator = np.random.default_rng(0)
    for steps in (5, 3):
        labels = generator.integers(1, 7, (6, steps))
        labels[0, 1:] = labels[1, 2:] = labels[2] = 0
        logits = generator.normal(size=(6, steps, 7)).astype("float32")
        logits[3:5] = 5 * np.eye(7)[labels[3:5]]  # right ones
        yield labels.astype("int32"), logits


def by_loops(batches):
    logs, right, whole = [], [], []
    for labels, logits in batches:
        for label, row in zip(labels, logits, strict=True):
            steps = [step for step in range(len(label)) if label[step] != 0]
            hits = [int(np.argmax(row[step]) == label[step]) for step in steps]
            mass = np.exp(row.astype("float64"))
            logs += [np.log(mass[step, label[step]] / mass[step].sum()) for step in steps]
            right += hits
            if steps:
                whole.append(all(hits))
    return {
        Perplexity: np.exp(-np.mean(logs)),
        TokenAccuracy: np.mean(right),
        ExactMatch: np.mean(whole),
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


@pytest.mark.parametrize("metric", METRICS)
def test_weights_leave_examples_out(metric):
    labels, logits = next(batches())
    weights = np.array([1, 1, 1, 0, 1, 0], "float32")
    kept = labels[weights > 0], logits[weights > 0]
    assert float(metric()(labels, logits, weights)) == pytest.approx(
        by_loops([kept])[metric], rel=1e-5
    )


@pytest.mark.parametrize("metric", METRICS)
def test_padding_alone_counts_as_nothing(metric):
    found = metric()
    labels, logits = next(batches())
    found.update_state(np.zeros_like(labels), logits)
    assert np.isfinite(float(found.result()))
    found.update_state(labels, logits)
    assert float(found.result()) == pytest.approx(float(metric()(labels, logits)), rel=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_padding_may_be_another_class_or_none(metric):
    labels, logits = next(batches())
    moved = np.where(labels == 0, -1, labels)
    assert float(metric(ignore_class=-1)(moved, logits)) == pytest.approx(
        float(metric()(labels, logits)), rel=1e-6
    )
    everything = float(metric(ignore_class=None)(labels, logits))
    assert everything != pytest.approx(float(metric()(labels, logits)), rel=1e-3)


@pytest.mark.parametrize("metric", METRICS)
def test_config_and_refusals(metric):
    found = metric(ignore_class=3, name="mine")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(found)))
    again = keras.saving.deserialize_keras_object(config)
    assert (again.ignore_class, again.name) == (3, "mine")
    with pytest.raises(ValueError, match=r"`y_pred` must have the shape.*\(2, 3\).*\(2, 3\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"`y_pred` must have the shape.*\(2, 4, 5\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match=r"`sample_weight` must have the first axes.*\(3,\)"):
        found.update_state(np.zeros((2, 3)), np.zeros((2, 3, 5)), np.ones(3))


def test_a_model_may_never_say_padding():
    labels, logits = next(batches())
    logits[..., 0] = -np.inf
    kept = np.arange(len(labels)) != 4
    expected = by_loops([(labels[kept], logits[kept])])[Perplexity]
    found = Perplexity()
    logits[4] = np.nan  # nor does it matter what weighs nothing
    found.update_state(labels, logits, kept.astype("float32"))
    assert float(found.result()) == pytest.approx(expected, rel=1e-5)


def test_half_precision_does_not_round_the_mean():
    labels = np.ones((64, 64), "int32")
    logits = np.zeros((64, 64, 5), "float16")
    assert float(Perplexity()(labels, keras.ops.convert_to_tensor(logits))) == pytest.approx(
        5.0, rel=1e-4
    )
