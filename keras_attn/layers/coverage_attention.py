import math

import keras
from keras import ops

from keras_attn.layers.alignment_attention import fresh
from keras_attn.layers.bahdanau_attention import BahdanauAttention
from keras_attn.ops.alignment_scores import additive_scores
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import check_number
from keras_attn.ops.coverage import coverage_loss
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class CoverageAttention(BahdanauAttention):
    """Additive attention that knows where it has looked before.

    `e_tj = vᵀ tanh(W_s s_t + W_h h_j + w_c c_tj + b)`, coverage `c_t = Σ_{t'<t} α_t'`

    | here | in the paper |
    | --- | --- |
    | `query` | decoder state `s_t` |
    | `value` | encoder states `h_i` |
    | kernels of `query_projection`, `key_projection` | `W_s`, `W_h` |
    | `coverage_scale` | `w_c` |
    | `scale`, bias of `query_projection` | `v`, `b_attn` |
    | state | coverage vector `c^t` |
    | weights, context | `a^t`, `h*_t` |

    Args:
        units, use_bias, normalize, scale_initializer: see `BahdanauAttention`; the paper has the
            bias.
        loss_weight: `λ` of `λ keras_attn.ops.coverage_loss`, the paper's loss for looking twice at
            the same place, which the layer, or the decoder around it, adds to that of the model: a
            mean over the batch and over the queries that are not masked. 1 in the paper.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`. The state is the coverage,
    `(batch, values)`. A call with an `initial_state`, one of the steps of a loop, adds no loss.

    Raises:
        ValueError: for a `loss_weight` below 0; and see `BahdanauAttention`.

    Example:

    >>> layer = keras_attn.CoverageAttention(16)
    >>> query, memory = np.ones((2, 3, 4)), np.ones((2, 5, 8))
    >>> context, weights, (coverage,) = layer(
    ...     [query, memory], return_attention_scores=True, return_state=True
    ... )
    >>> coverage.shape == (2, 5)
    True

    Reference:
        See, Liu and Manning, "Get To The Point: Summarization with Pointer-Generator Networks",
        2017, section 2.3, https://arxiv.org/abs/1704.04368
    """

    def __init__(
        self,
        units,
        use_bias=False,
        normalize=False,
        scale_initializer="glorot_uniform",
        loss_weight=0.0,
        **kwargs,
    ):
        super().__init__(units, use_bias, normalize, scale_initializer, **kwargs)
        check_number(
            "loss_weight", loss_weight, "not be negative", lambda value: 0 <= value < math.inf
        )
        self.loss_weight = loss_weight

    def build_score(self, query_shape, key_shape):
        super().build_score(query_shape, key_shape)
        self.coverage_scale = self.add_weight(
            (self.units,), initializer=fresh(self.scale_initializer), name="coverage_scale"
        )

    def align(self, query, keys, allowed, state, noise):
        query = ops.cast(self.query_projection(query), self.exact_dtype)
        keys = ops.cast(keys, self.exact_dtype)
        scale = ops.cast(self.score_scale(), self.exact_dtype)
        coverage_scale = ops.cast(self.coverage_scale, self.exact_dtype)
        sequences = [query]
        if allowed is not None:
            shape = (*ops.shape(query)[:2], ops.shape(keys)[1])
            sequences.append(ops.broadcast_to(allowed, shape))

        def step(inputs, state):
            (query, *allowed), (coverage,) = inputs, state
            seen = keys + coverage[..., None] * coverage_scale
            scores = additive_scores(query[:, None], seen, scale)[:, 0]
            weights = attention_weights(scores, *allowed)
            return [weights], [coverage + weights]

        (weights,), state = over_steps(step, sequences, state)
        return weights, state

    def state_shapes(self, batch_size, values):
        return [(batch_size, values)]

    def penalty(self, weights, query_mask):
        if not self.loss_weight:
            return None
        return self.loss_weight * ops.mean(coverage_loss(weights, query_mask))

    def get_config(self):
        return {**super().get_config(), "loss_weight": self.loss_weight}
