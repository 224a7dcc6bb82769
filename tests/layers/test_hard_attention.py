"""Training passes of hard attention with given random numbers."""

import numpy as np
import pytest
from keras import ops

from keras_attn import HardAttention, LuongAttention
from tests.backend import flat, gradients
from tests.oracles.alignment import softmax

SEEN = [[0, 1, 2, 3], [0, 2, 3]]
MASK = [None, np.array([[j in seen for j in range(4)] for seen in SEEN])]


def loops(query, value, noise, relaxed=None, temperature=None, rate=0.0):
    """Computes the weights of each query with dot products as scores.

    Args:
        relaxed: String, what takes the place of a draw in the weights: "distribution",
            "gumbel softmax", or `None` for the draw itself.

    Returns:
        Context, weights, and the log-probability and entropy of each example.
    """
    uniform, coins = (each.astype("float64") for each in noise)
    weights = np.zeros((*query.shape[:2], value.shape[1]))
    likelihood, entropy = np.zeros((2, len(query), 1))
    for b, i in np.ndindex(*query.shape[:2]):
        alpha = softmax(value[b] @ query[b, i], SEEN[b])
        entropy[b] -= sum(alpha[j] * np.log(alpha[j]) for j in SEEN[b])
        weights[b, i] = alpha
        if coins[b, i, 0] < rate:
            continue
        scores = np.zeros(len(alpha))
        for j in SEEN[b]:
            scores[j] = np.log(alpha[j]) - np.log(-np.log(uniform[b, i, j]))
        place = max(SEEN[b], key=lambda j, scores=scores: scores[j])
        likelihood[b] += np.log(alpha[place])
        if relaxed is None:
            weights[b, i] = np.eye(len(alpha))[place]
        elif relaxed == "gumbel softmax":
            weights[b, i] = softmax(scores / temperature, SEEN[b])
    return weights @ value, weights, likelihood, entropy


@pytest.mark.training
@pytest.mark.parametrize(
    ("temperature", "options", "relaxed"),
    [
        (None, {}, "distribution"),
        (0.5, {"expectation_rate": 0.25}, "gumbel softmax"),
        (None, {"estimator": "reinforce", "expectation_rate": 0.25}, None),
    ],
    ids=["straight-through", "gumbel", "reinforce"],
)
def test_draws_and_their_gradients(generator, temperature, options, relaxed):
    layer = HardAttention(LuongAttention("dot"), temperature=temperature, **options)
    query, value = generator.normal(size=(2, 6, 3)), generator.normal(size=(2, 4, 3))
    noise = [generator.uniform(size=(2, 6, n)).astype("float32") for n in (4, 1)]
    noise[1][:, :2] = np.float32([[[0.1], [0.9]], [[0.9], [0.1]]])
    pulls = [generator.normal(size=shape) for shape in ((2, 6, 3), (2, 6, 4), (2, 1), (2, 1))]
    rates = {"temperature": temperature, "rate": options.get("expectation_rate", 0.0)}

    def pulled(query):
        outputs = layer(
            [query, value.astype("float32")],
            mask=MASK,
            training=True,
            noise=[ops.convert_to_tensor(each) for each in noise],
            return_attention_scores=True,
            return_state=True,
        )
        context, weights, state = outputs
        outputs = [context, weights, *state]
        total = sum(
            ops.sum(each * ops.convert_to_tensor(pull, "float32"))
            for each, pull in zip(outputs, pulls, strict=True)
        )
        # `gradients` differentiates the square of the result.
        return total - ops.stop_gradient(total) + 0.5, [ops.stop_gradient(each) for each in outputs]

    def expected(query):
        surrogate = loops(query, value, noise, relaxed, **rates)
        return sum(np.sum(each * pull) for each, pull in zip(surrogate, pulls, strict=True))

    _, *outputs = flat(pulled(ops.convert_to_tensor(query.astype("float32"))))
    for found, wanted in zip(outputs, loops(query, value, noise, **rates), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    (found,), _ = gradients(lambda query: pulled(query)[0], [query.astype("float32")])
    slope = np.zeros(query.shape)
    for index in np.ndindex(*query.shape):
        step = np.zeros(query.shape)
        step[index] = 1e-5
        slope[index] = (expected(query + step) - expected(query - step)) / 2e-5
    np.testing.assert_allclose(found, slope, atol=1e-3, rtol=1e-3)


def test_an_expectation_is_not_drawn_outside_of_training(generator):
    layer = HardAttention(LuongAttention("dot"), inference="expectation")
    query, value = generator.normal(size=(2, 6, 3)), generator.normal(size=(2, 4, 3))
    outputs = layer(
        [query.astype("float32"), value.astype("float32")],
        mask=MASK,
        return_attention_scores=True,
        return_state=True,
    )
    coins = np.zeros((2, 6, 4)), np.zeros((2, 6, 1))
    for found, wanted in zip(flat(outputs), loops(query, value, coins, rate=1.0), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
