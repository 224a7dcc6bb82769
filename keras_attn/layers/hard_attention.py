import math

import keras
from keras import ops

from keras_attn.layers.alignment_wrapper import AlignmentWrapper
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import check_number
from keras_attn.ops.random_numbers import uniform

ESTIMATORS = ("straight_through", "reinforce")
INFERENCES = ("argmax", "expectation")


@keras.saving.register_keras_serializable(package="keras_attn")
class HardAttention(AlignmentWrapper):
    """Looks at one position, drawn from the weights that any alignment layer gives.

    `s_i ~ Categorical(α_i)`, `c_i = Σ_j s_ij h_j`, `α_i = softmax(e_i)`

    | here | in the paper |
    | --- | --- |
    | `value` | annotations `a_i` |
    | distribution of `attention` | `α_t` |
    | weights | the location variable `s_t`, one at one position |
    | context | `ẑ_t` |
    | `expectation_rate` | how often `s̃` is `α`, 0.5 in the paper |
    | state | `log p(s̃ given a)` and the entropy `H[s̃]`, summed over the queries |

    A draw has no gradient. `"straight_through"` lets the gradient of the weights pass to the
    distribution, biased but without noise of its own (with `temperature`, to the relaxed draw of
    the Gumbel softmax). `"reinforce"` lets none pass: the model adds
    `keras_attn.ops.reinforce_loss` of the state and its reward to its loss, which is unbiased.

    Args:
        attention: the alignment layer whose weights are the distribution.
        estimator: `"straight_through"` or `"reinforce"`.
        temperature: of the relaxed draw, positive; None for the distribution itself. Only for
            `"straight_through"`.
        expectation_rate: how often, in [0, 1], a query of the training uses the distribution
            instead of a draw, which steadies learning.
        inference: `"argmax"` or `"expectation"`, what is used outside of training.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`. The weights are the draws. The
    state is `(batch, 1)` twice, see above.

    Raises:
        ValueError: if `attention` is no alignment layer that remembers nothing, for an unknown
            estimator or inference, or a temperature or rate outside its range; and see
            `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.HardAttention(keras_attn.BahdanauAttention(16), seed=0)
    >>> query, memory = np.ones((2, 3, 4)), np.ones((2, 5, 8))
    >>> _, weights = layer([query, memory], training=True, return_attention_scores=True)
    >>> sorted(set(keras.ops.convert_to_numpy(weights).ravel().round(3).tolist()))
    [0.0, 1.0]

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, section 4.1, https://arxiv.org/abs/1502.03044;
        Jang et al., "Categorical Reparameterization with Gumbel-Softmax", 2017,
        https://arxiv.org/abs/1611.01144
    """

    takes_weights = True

    def __init__(
        self,
        attention,
        estimator="straight_through",
        temperature=None,
        expectation_rate=0.0,
        inference="argmax",
        **kwargs,
    ):
        super().__init__(attention, **kwargs)
        if estimator not in ESTIMATORS:
            raise ValueError(
                f"`estimator` must be one of {ESTIMATORS}. Received: estimator={estimator!r}"
            )
        if inference not in INFERENCES:
            raise ValueError(
                f"`inference` must be one of {INFERENCES}. Received: inference={inference!r}"
            )
        if temperature is not None:
            check_number(
                "temperature", temperature, "be positive", lambda value: 0 < value < math.inf
            )
            if estimator == "reinforce":
                raise ValueError(
                    '`temperature` belongs to estimator="straight_through". '
                    f"Received: temperature={temperature}, estimator={estimator!r}"
                )
        check_number(
            "expectation_rate", expectation_rate, "be in [0, 1]", lambda rate: 0 <= rate <= 1
        )
        self.estimator = estimator
        self.temperature = temperature
        self.expectation_rate = expectation_rate
        self.inference = inference
        self.seed_generator = self.seed_generator or keras.random.SeedGenerator(self.seed)

    def draw_noise(self, batch_size, queries, values):
        noise = super().draw_noise(batch_size, queries, values)
        for width in (values, 1):
            shape = (batch_size, queries, width)
            noise.append(uniform(shape, seed=self.seed_generator))
        return noise

    def align(self, query, keys, allowed, state, noise):
        weights, _ = self.attention.align(query, keys, allowed, [], None)
        weights = ops.cast(weights, self.exact_dtype)
        # Those of a window sum to less than one, and a distribution does not.
        total = ops.sum(weights, axis=-1, keepdims=True)
        probability = weights / ops.where(total > 0.0, total, 1.0)
        seen = ops.any(probability > 0.0, axis=-1, keepdims=True)
        logarithm = ops.log(ops.where(probability > 0.0, probability, 1.0))
        entropy = -ops.sum(probability * logarithm, axis=-1)
        if noise is None:
            chosen = probability
            if self.inference == "argmax":
                chosen = _one_hot(probability) * ops.cast(seen, self.exact_dtype)
            # Nothing was drawn.
            return chosen, [state[0], state[1] + _total(entropy)]

        *_, for_draws, for_coins = noise
        gumbel = -ops.log(-ops.log(ops.clip(for_draws, 1e-30, 1.0 - 1e-7)))
        perturbed = ops.where(probability > 0.0, logarithm + gumbel, -1e30)
        draw = ops.stop_gradient(_one_hot(perturbed)) * ops.cast(seen, self.exact_dtype)
        likelihood = ops.sum(draw * logarithm, axis=-1)
        if self.estimator == "reinforce":
            chosen = draw
        else:
            relaxed = probability
            if self.temperature is not None:
                relaxed = attention_weights(perturbed / self.temperature, probability > 0.0)
            chosen = draw + relaxed - ops.stop_gradient(relaxed)
        if self.expectation_rate:
            drawn = for_coins[..., 0] >= self.expectation_rate
            chosen = ops.where(drawn[..., None], chosen, probability)
            likelihood = ops.where(drawn, likelihood, 0.0)
        return chosen, [state[0] + _total(likelihood), state[1] + _total(entropy)]

    def state_shapes(self, batch_size, values):
        return [(batch_size, 1), (batch_size, 1)]

    def get_config(self):
        return {
            **super().get_config(),
            "estimator": self.estimator,
            "temperature": self.temperature,
            "expectation_rate": self.expectation_rate,
            "inference": self.inference,
        }


def _one_hot(scores):
    """One at the largest score of each row."""
    if 0 in scores.shape:
        return scores
    positions = ops.arange(ops.shape(scores)[-1], dtype="int32")
    return ops.cast(ops.argmax(scores, axis=-1)[..., None] == positions, scores.dtype)


def _total(numbers):
    """The sum over the queries, `(batch, 1)`."""
    return ops.sum(numbers, axis=-1, keepdims=True)
