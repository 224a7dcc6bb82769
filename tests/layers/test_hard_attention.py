"""Hard attention in training, compared with computations from the recorded random numbers."""

import keras
import numpy as np
import pytest

from keras_attn import HardAttention, LocalAttention
from tests.backend import flat, gradients, to_numpy
from tests.draws import recorded_draws
from tests.layers.scores import general, made, numbers_of, visual
from tests.ops.functions import differences
from tests.oracles import alignment as oracle
from tests.oracles import draws as drawn

RATE = 0.5
DROPOUT = 0.4
# The second example has three values that are not masked.
MASK = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0]], "bool")


def hard(**options):
    return HardAttention(general(), **options)


# (layer, options)
HARD = [
    (hard, {}),
    (hard, {"temperature": 0.3}),
    (hard, {"estimator": "reinforce", "expectation_rate": RATE}),
    (hard, {"temperature": 2.0, "expectation_rate": RATE, "dropout": DROPOUT}),
    (visual, {"expectation_rate": RATE}),
    (visual, {"estimator": "reinforce", "expectation_rate": RATE, "dropout": DROPOUT}),
]
every_option = pytest.mark.parametrize(
    ("make", "options"), HARD, ids=["-".join([make.__name__, *options]) for make, options in HARD]
)


@pytest.fixture
def query(generator):
    return 2.0 * generator.normal(size=(2, 4, 3)).astype("float32")


@pytest.fixture
def value(generator):
    return generator.normal(size=(2, 5, 6)).astype("float32")


def both_happen(coins, rate):
    """True if some queries use the distribution and others a draw; with a rate of 0 all draw."""
    return (0.0 < np.mean(coins < rate) < 1.0) == (rate > 0.0)


@every_option
def test_hard_attention_draws_from_the_distribution(make, options, query, value):
    layer, score = made(make, **options)
    with recorded_draws(layer) as draws:
        context, weights, *state = flat(
            layer(
                [query, value],
                mask=[None, MASK],
                training=True,
                return_attention_scores=True,
                return_state=True,
            )
        )
    *others, numbers, coins = numbers_of(draws)
    _, distribution = oracle.attend(score, query, value, MASK)
    rate = options.get("expectation_rate", 0.0)
    assert both_happen(coins, rate)
    chosen, *expected = drawn.hard_attention(distribution, numbers, coins, rate)
    np.testing.assert_allclose(weights, chosen, atol=1e-5)
    for found, wanted in zip(state, expected, strict=True):
        # The logarithm of a probability near 1 keeps the rounding of the probability.
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    if "dropout" in options:
        (numbers,) = others
        chosen = drawn.dropped(chosen, numbers, DROPOUT)
    np.testing.assert_allclose(context, chosen @ value, atol=1e-4)


@pytest.mark.training
@every_option
def test_hard_attention_has_the_gradient_of_its_estimator(make, options, query, value):
    """Compares with differences of what the estimator differentiates in the place of the draws."""
    layer, score = made(make, **options)
    *others, numbers, coins = noise = [to_numpy(each) for each in layer.draw_noise(2, 4, 5)]
    rate = options.get("expectation_rate", 0.0)
    expects = coins < rate
    assert both_happen(coins, rate)
    _, distribution = oracle.attend(score, query, value, MASK)
    chosen, likelihood, entropy = drawn.hard_attention(distribution, numbers, coins, rate)
    locations, _ = drawn.drawn_locations(distribution, numbers)

    def context(weights):
        return (drawn.dropped(weights, others[0], DROPOUT) if others else weights) @ value

    outputs = context(chosen), chosen, likelihood, entropy

    def relaxed(query):
        """Returns the sum of differentiable terms in place of the outputs, each times its output.

        Half of the gradient of the sum of squares, which `gradients` differentiates.
        """
        _, distribution = oracle.attend(score, query, value, MASK)
        used = distribution
        if options.get("estimator") == "reinforce":
            used = chosen
        elif "temperature" in options:
            _, perturbed = drawn.drawn_locations(distribution, numbers)
            used = drawn.tempered(perturbed, options["temperature"])
        used = np.where(expects, distribution, used)
        logarithm = np.log(np.where(distribution > 0.0, distribution, 1.0))
        likely = np.sum(np.where(expects, 0.0, locations * logarithm), axis=(1, 2))
        uneven = -np.sum(distribution * logarithm, axis=(1, 2))
        terms = context(used), used, likely[:, None], uneven[:, None]
        return sum(np.sum(term * output) for term, output in zip(terms, outputs, strict=True))

    def call(query):
        outputs = layer(
            [query, value],
            mask=[None, MASK],
            training=True,
            noise=noise,
            return_attention_scores=True,
            return_state=True,
        )
        return keras.tree.flatten(outputs)

    (found,), _ = gradients(call, [query])
    np.testing.assert_allclose(found, 2.0 * differences(relaxed, query), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("make", [hard, visual])
def test_inference_may_use_the_expectation(make, query, value):
    layer, score = made(make, inference="expectation", dropout=DROPOUT)
    found = flat(
        layer(
            [query, value],
            mask=[None, MASK],
            return_attention_scores=True,
            return_state=True,
        )
    )
    context, distribution = oracle.attend(score, query, value, MASK)
    logarithm = np.log(np.where(distribution > 0.0, distribution, 1.0))
    entropy = -np.sum(distribution * logarithm, axis=(1, 2))[:, None]
    expected = context, distribution, np.zeros((2, 1)), entropy
    for output, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(output, wanted, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_numbers_at_the_ends_of_their_range_draw_a_location(dtype, query, value):
    """0, and the largest number below 1, whose logarithms are infinite and nearly 0."""
    layer = HardAttention(LocalAttention(general(), 1), temperature=0.5, dtype=dtype)
    query = 0.1 * query  # no place is much less likely than another
    layer([query, value])
    below = np.nextafter(np.float32(1), np.float32(0))
    window = to_numpy(layer.attention([query, value], return_attention_scores=True)[1]) > 0.0
    for number, others in ((0.0, 0.5), (below, 0.5), (0.0, 0.0), (below, below)):
        numbers = np.full((2, 4, 5), others, "float32")
        place = np.argmax(window, axis=-1)[..., None]
        np.put_along_axis(numbers, place, np.float32(number), axis=-1)
        noise = [numbers, np.ones((2, 4, 1), "float32")]
        _, weights, (likelihood, entropy) = layer(
            [query, value],
            training=True,
            noise=noise,
            return_attention_scores=True,
            return_state=True,
        )
        weights = to_numpy(weights).astype("float32")
        np.testing.assert_allclose(weights.sum(axis=-1), np.any(window, axis=-1), atol=1e-2)
        assert np.all(weights[~window] == 0.0)
        if number == below and others != below:
            np.testing.assert_allclose(
                np.take_along_axis(weights, place, axis=-1)[..., 0], window.any(axis=-1), atol=1e-2
            )
        assert np.all(np.isfinite([to_numpy(likelihood), to_numpy(entropy)]))
