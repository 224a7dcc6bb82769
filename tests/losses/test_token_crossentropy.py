"""Cross-entropy of tokens, averaged over those that are not padding."""

import keras
import numpy as np
import pytest

from keras_attn.losses import TokenCrossentropy
from tests.backend import gradients, outputs_and_gradients, to_numpy

LABELS = np.array([[3, 1, 2, 0, 0], [4, 4, 0, 0, 0], [1, 2, 3, 4, 1]], "int32")
LOGITS = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32") * 3.0


def by_hand(labels, logits):
    """Computes the cross-entropy of each token in NumPy."""
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], axis=-1)[..., 0]


def test_mean_over_tokens_that_are_not_padding():
    every = by_hand(LABELS, LOGITS)
    found = float(TokenCrossentropy()(LABELS, LOGITS))
    assert found == pytest.approx(every[LABELS > 0].mean(), rel=1e-5)
    found = float(TokenCrossentropy(ignore_class=None)(LABELS, LOGITS))
    assert found == pytest.approx(every.mean(), rel=1e-5)
    found = to_numpy(TokenCrossentropy(reduction=None)(LABELS, LOGITS))
    np.testing.assert_allclose(found, np.where(LABELS > 0, every, 0.0), rtol=1e-5)


def test_labels_of_padding_need_not_be_classes():
    odd = np.where(LABELS == 0, -1, LABELS)
    found = float(TokenCrossentropy(ignore_class=-1)(odd, LOGITS))
    assert found == pytest.approx(by_hand(LABELS, LOGITS)[LABELS > 0].mean(), rel=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", None])
def test_logits_of_padding_may_be_minus_infinity(reduction):
    never = LOGITS.copy()
    never[..., 0] = -np.inf
    kept = np.where(LABELS > 0, by_hand(LABELS, never), 0.0)
    (found,), (gradient,), _ = outputs_and_gradients(
        lambda logits: TokenCrossentropy(reduction=reduction)(LABELS, logits), [never]
    )
    expected = kept if reduction is None else kept.sum() / np.sum(LABELS > 0)
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-5)
    assert np.all(np.isfinite(gradient))
    assert np.all(gradient[LABELS == 0] == 0.0)
    assert np.all(np.any(gradient[LABELS > 0] != 0.0, axis=-1))


@pytest.mark.training
@pytest.mark.parametrize("weights", [None, (3, 5)])
def test_equals_the_loss_of_keras_with_gradients_and_weights(weights):
    ours = TokenCrossentropy()
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    if weights:
        weights = np.random.default_rng(1).uniform(0.5, 2.0, weights).astype("float32")
    found, expected = (
        (float(loss(LABELS, LOGITS, weights)),
         gradients(lambda logits, loss=loss: loss(LABELS, logits, weights), [LOGITS])[0][0])
        for loss in (ours, theirs)
    )  # fmt: skip
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)
    assert np.all(found[1][LABELS == 0] == 0.0)


def test_weights_of_sequences_are_those_of_their_tokens():
    every = np.where(LABELS > 0, by_hand(LABELS, LOGITS), 0.0)
    weights = np.array([2.0, 0.0, 1.0], "float32")
    found = float(TokenCrossentropy()(LABELS, LOGITS, weights))
    expected = (weights[:, None] * every).sum() / (LABELS > 0).sum()
    assert found == pytest.approx(expected, rel=1e-5)
    found = float(TokenCrossentropy(reduction="sum")(LABELS, LOGITS, weights))
    assert found == pytest.approx((weights[:, None] * every).sum(), rel=1e-5)


@pytest.mark.training
def test_a_model_is_trained_with_the_loss():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Embedding(6, 6)])
    model.compile("adam", TokenCrossentropy(ignore_class=2, dtype="float32"))
    history = model.fit(LABELS, LABELS, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_the_loss_of_padding_is_zero():
    assert float(TokenCrossentropy()(np.zeros((2, 3), "int32"), np.ones((2, 3, 4)))) == 0.0


@pytest.mark.parametrize("shape", [(3, 6), (3, 4, 6), (5, 6)])
def test_shapes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"`y_pred` must have .* y_true\.shape=\(3, 5\)"):
        TokenCrossentropy()(LABELS, np.zeros(shape))


def test_weights_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"`sample_weight` must have .* sample_weight\.shape=\(2,\)"
    ):
        TokenCrossentropy()(LABELS, LOGITS, np.ones(2))


def test_labels_of_padding_may_lie_above_the_classes():
    odd = np.where(LABELS == 0, 100, LABELS)
    found = float(TokenCrossentropy(ignore_class=100)(odd, LOGITS))
    assert found == pytest.approx(by_hand(LABELS, LOGITS)[LABELS > 0].mean(), rel=1e-5)


@pytest.mark.parametrize("ignore_class", [0, None])
@pytest.mark.parametrize("shape", [(3,), (3, 5)])
def test_every_reduction_of_weighted_losses(ignore_class, shape):
    counts = np.ones(LABELS.shape) if ignore_class is None else LABELS > 0
    weights = np.random.default_rng(2).uniform(0.5, 2.0, shape).astype("float32")
    every = weights.reshape(3, -1) * counts * by_hand(LABELS, LOGITS)
    expected = {
        None: every,
        "none": every,
        "sum": every.sum(),
        "mean": every.sum() / counts.sum(),
        "sum_over_batch_size": every.sum() / counts.sum(),
    }
    for reduction, wanted in expected.items():
        loss = TokenCrossentropy(ignore_class, reduction=reduction)
        np.testing.assert_allclose(to_numpy(loss(LABELS, LOGITS, weights)), wanted, rtol=1e-5)


def test_labels_of_other_ranks():
    expected = by_hand(LABELS, LOGITS)[LABELS > 0].mean()
    for shape in ((15,), (3, 1, 5)):
        found = TokenCrossentropy()(LABELS.reshape(shape), LOGITS.reshape(*shape, 6))
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_mask_of_the_logits_has_no_effect():
    tokens = np.array([[0, 0, 1, 2, 3]] * 3)
    logits = keras.layers.Embedding(6, 6, mask_zero=True)(tokens)
    expected = TokenCrossentropy()(LABELS, to_numpy(logits))
    found = to_numpy(TokenCrossentropy()(LABELS, logits))
    np.testing.assert_allclose(found, to_numpy(expected), rtol=1e-5)


def test_logits_of_half_precision_give_a_loss_in_float32():
    logits = keras.ops.cast(np.zeros((8, 512, 5), "float32"), "float16")
    loss = TokenCrossentropy(reduction="sum")(np.ones((8, 512), "int32"), logits)
    assert float(loss) == pytest.approx(8 * 512 * np.log(5), rel=1e-4)
