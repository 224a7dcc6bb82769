import math

import keras
from keras import ops

from keras_attn.layers.alignment_wrapper import AlignmentWrapper
from keras_attn.ops.checks import check_number
from keras_attn.ops.monotonic import MODES, monotonic_weights
from keras_attn.ops.random_numbers import normal
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class MonotonicAttention(AlignmentWrapper):
    """Attention that never looks back, around any score.

    `p_ij = σ(e_ij + r + ε)`, `α_ij = p_ij Σ_{k<=j} α_{i-1,k} Π_{l=k}^{j-1} (1 - p_il)`

    | here | in the paper |
    | --- | --- |
    | score of `attention` | energy `e_ij` |
    | `score_bias` | `r` |
    | `sigmoid_noise` | deviation of `ε` |
    | weights, context | `α_ij`, `c_i` |

    Trained by the expected alignment, it may stop at one position a query at inference, and then
    needs to have seen no more of the memory than it has passed.

    Convention:
        The first query starts at the first position. Weights sum to at most 1: what is left is the
        probability to have passed the whole memory. A masked query leaves the state as it was.

    Args:
        attention: the alignment layer whose scores are used. The paper's is
            `BahdanauAttention(units, use_bias=True, normalize=True)`.
        mode: `"recursive"`, `"parallel"` or `"hard"`, see `keras_attn.ops.monotonic_weights`.
        hard_at_inference: whether to use `"hard"` outside of training, whatever the mode.
        sigmoid_noise: deviation of the normal noise that is added to the scores in training, not
            negative; it drives the probabilities to 0 and 1.
        score_bias: `r` at the start, learned. A negative one looks far along the memory at first.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`. The state is the weights of the
    last query, `(batch, values)`.

    Raises:
        ValueError: if `attention` is no alignment layer that remembers nothing, the mode unknown
            or the noise negative; and see `AlignmentAttention`.

    Example:

    >>> score = keras_attn.BahdanauAttention(16, use_bias=True, normalize=True)
    >>> layer = keras_attn.MonotonicAttention(score, score_bias=-1.0)
    >>> context = layer([np.ones((2, 3, 4)), np.ones((2, 5, 8))])
    >>> context.shape == (2, 3, 8)
    True

    Reference:
        Raffel et al., "Online and Linear-Time Attention by Enforcing Monotonic Alignments", 2017,
        https://arxiv.org/abs/1704.00784
    """

    def __init__(
        self,
        attention,
        mode="recursive",
        hard_at_inference=False,
        sigmoid_noise=0.0,
        score_bias=0.0,
        **kwargs,
    ):
        super().__init__(attention, **kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {MODES}. Received: mode={mode!r}")
        check_number(
            "sigmoid_noise", sigmoid_noise, "not be negative", lambda value: 0 <= value < math.inf
        )
        check_number("score_bias", score_bias, "be a finite number", math.isfinite)
        self.mode = mode
        self.hard_at_inference = hard_at_inference
        self.sigmoid_noise = sigmoid_noise
        self.score_bias = score_bias
        if sigmoid_noise and not self.seed_generator:
            self.seed_generator = keras.random.SeedGenerator(self.seed)

    def draw_noise(self, batch_size, queries, values):
        noise = super().draw_noise(batch_size, queries, values)
        if self.sigmoid_noise:
            shape = (batch_size, queries, values)
            noise.append(normal(shape, seed=self.seed_generator))
        return noise

    def build_score(self, query_shape, key_shape):
        super().build_score(query_shape, key_shape)
        start = keras.initializers.Constant(self.score_bias)
        self.bias = self.add_weight((), initializer=start, name="bias")

    def align(self, query, keys, allowed, state, noise):
        energy = ops.cast(self.score(query, keys), self.exact_dtype) + ops.cast(
            self.bias, self.exact_dtype
        )
        if noise is not None and self.sigmoid_noise:
            energy = energy + self.sigmoid_noise * ops.cast(noise[-1], energy.dtype)
        log_stop, log_pass = ops.log_sigmoid(energy), ops.log_sigmoid(-energy)
        if allowed is not None:
            log_stop = ops.where(allowed, log_stop, -float("inf"))
            log_pass = ops.where(allowed, log_pass, 0.0)
        mode = "hard" if self.hard_at_inference and noise is None else self.mode

        def step(logs, state):
            (log_stop, log_pass), (previous,) = logs, state
            weights = monotonic_weights(log_stop, log_pass, previous, mode)
            masked = ops.all(log_stop == -float("inf"), axis=-1, keepdims=True)
            return [weights], [ops.where(masked, previous, weights)]

        (weights,), state = over_steps(step, [log_stop, log_pass], state)
        return weights, state

    def state_shapes(self, batch_size, values):
        return [(batch_size, values)]

    def get_initial_state(self, batch_size, values):
        first = ops.cast(ops.equal(ops.arange(values), 0), self.exact_dtype)
        return [ops.zeros((batch_size, values), self.exact_dtype) + first]

    def get_config(self):
        return {
            **super().get_config(),
            "mode": self.mode,
            "hard_at_inference": self.hard_at_inference,
            "sigmoid_noise": self.sigmoid_noise,
            "score_bias": self.score_bias,
        }
