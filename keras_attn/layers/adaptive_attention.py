import keras
from keras import ops

from keras_attn.layers.bahdanau_attention import BahdanauAttention
from keras_attn.ops import precision
from keras_attn.ops.alignment_scores import additive_scores
from keras_attn.ops.attention_weights import attention_weights


@keras.saving.register_keras_serializable(package="keras_attn")
class AdaptiveAttention(BahdanauAttention):
    """Additive attention that may also look at nothing: at a visual sentinel in its stead.

    `z_ti = wᵀ tanh(W_v v_i + W_g h_t)`, `α̂_t = softmax([z_t; wᵀ tanh(W_s s_t + W_g h_t)])`,
    `β_t = α̂_t[k+1]`, `ĉ_t = β_t s_t + Σ_i α̂_ti v_i`

    | here | in the paper |
    | --- | --- |
    | first, second half of the query | `h_t`, the sentinel `s_t` |
    | `value` | `v_i`, of the width of the sentinel |
    | kernels of `query_projection`, `key_projection`, `sentinel_projection` | `W_g`, `W_v`, `W_s` |
    | `scale` | `w_h` |
    | attention weights | `α̂_ti = (1 - β_t) α_ti`; what they lack of a sum of one is `β_t` |
    | context | `ĉ_t` |

    The sentinel is what the decoder knows already. Words that need no look, "of" after "a picture",
    lean on it; `β` is high there.

    Args:
        units, use_bias, normalize, scale_initializer: see `BahdanauAttention`.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`. The query is twice as wide as
    the values: `SentinelLSTMCell` puts it out. Where all values are masked, the context is the
    sentinel.

    Raises:
        ValueError: see `BahdanauAttention`; and for a query that is not twice as wide as the
            values.

    Example:

    >>> layer = keras_attn.AdaptiveAttention(16)
    >>> query, places = np.ones((2, 3, 12)), np.ones((2, 5, 6))
    >>> context, weights = layer([query, places], return_attention_scores=True)
    >>> context.shape == (2, 3, 6), weights.shape == (2, 3, 5)
    (True, True)
    >>> sentinel = 1.0 - keras.ops.sum(weights, axis=-1)

    Reference:
        Lu et al., "Knowing When to Look: Adaptive Attention via a Visual Sentinel for Image
        Captioning", 2017, section 2.3, https://arxiv.org/abs/1612.01887
    """

    def build(self, input_shape):
        super().build(input_shape)
        query, value = input_shape[0][-1], input_shape[1][-1]
        if query != 2 * value:
            raise ValueError(
                "`query` must be twice as wide as `value`: a state and a sentinel, as "
                f"`SentinelLSTMCell` gives them. Received: widths of {query} and {value}"
            )

    def build_score(self, query_shape, key_shape):
        half = (*query_shape[:-1], query_shape[-1] // 2)
        super().build_score(half, key_shape)
        self.sentinel_projection = self.projection(self.units, "sentinel_projection")
        self.sentinel_projection.build(half)

    def align(self, query, keys, allowed, state, noise):
        half = query.shape[-1] // 2  # the projection raises for a wrong width
        hidden, sentinel = query[..., :half], query[..., half:]
        projected, scale = self.query_projection(hidden), self.score_scale()
        of_places = additive_scores(projected, keys, scale)
        both = precision.tanh(self.sentinel_projection(sentinel) + projected)
        of_sentinel = ops.sum(both * ops.cast(scale, both.dtype), axis=-1, keepdims=True)
        scores = ops.concatenate([of_places, ops.cast(of_sentinel, of_places.dtype)], axis=-1)
        if allowed is not None:
            shape = ops.shape(of_places)
            allowed = ops.broadcast_to(allowed, shape)
            # The sentinel can always be seen.
            allowed = ops.concatenate([allowed, ops.ones((*shape[:2], 1), "bool")], axis=-1)
        return attention_weights(scores, allowed)[..., :-1], state

    def finish(self, context, weights, query, query_mask):
        rest = 1.0 - ops.sum(weights, axis=-1, keepdims=True)
        if query_mask is not None:
            rest = rest * ops.cast(query_mask, rest.dtype)[..., None]
        return context + rest * query[..., query.shape[-1] // 2 :]
