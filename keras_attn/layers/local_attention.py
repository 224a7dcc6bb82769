import keras
from keras import ops

from keras_attn.layers.alignment_wrapper import AlignmentWrapper
from keras_attn.ops import precision
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import positive_integer

ALIGNMENTS = ("predictive", "monotonic")


@keras.saving.register_keras_serializable(package="keras_attn")
class LocalAttention(AlignmentWrapper):
    """Attends to a window of the memory, around any score.

    `local-m`: `p_t = t`; `local-p`: `p_t = S σ(v_pᵀ tanh(W_p h_t))`,
    `a_t(s) = align(h_t, h̄_s) exp(-(s - p_t)² / 2σ²)` with `σ = D / 2`

    | here | in the paper |
    | --- | --- |
    | `window_radius` | `D` |
    | `alignment="monotonic"`, `"predictive"` | local-m, local-p |
    | `position_projection`, `position_scale` | `W_p`, `v_p` |
    | length of the memory without its masked end | `S` |
    | weights, context | `a_t`, `c_t` |

    Convention:
        Positions count from 0. The softmax runs over the positions `s` with `|s - p_t| <= D`, and
        the weights of local-p, multiplied by the Gaussian, sum to less than 1, as in the paper.
        Where no position is in the window the context is 0. `"monotonic"` counts every query of
        a call, masked ones too.

    Args:
        attention: the alignment layer whose scores are used, `LuongAttention("general")` say.
        window_radius: positions on either side of `p_t`.
        alignment: `"predictive"` infers the centre from the query; `"monotonic"` moves it one
            position a step.
        units: rows of `W_p`, by default the width of the queries; only for `"predictive"`.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`. The state of `"monotonic"` is
    the step of the next query, `(batch, 1)`.

    Raises:
        ValueError: if `attention` is no alignment layer that remembers nothing, `window_radius` or
            `units` no positive integer, or the alignment unknown; and see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.LocalAttention(
    ...     keras_attn.LuongAttention("dot"), window_radius=1, alignment="monotonic"
    ... )
    >>> ones = np.ones((1, 4, 2), "float32")
    >>> _, weights = layer([ones[:, :2], ones], return_attention_scores=True)
    >>> print(keras.ops.convert_to_numpy(weights)[0].round(2))
    [[0.5  0.5  0.   0.  ]
     [0.33 0.33 0.33 0.  ]]

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        section 3.2, https://arxiv.org/abs/1508.04025
    """

    def __init__(self, attention, window_radius=10, alignment="predictive", units=None, **kwargs):
        super().__init__(attention, **kwargs)
        if alignment not in ALIGNMENTS:
            raise ValueError(
                f"`alignment` must be one of {ALIGNMENTS}. Received: alignment={alignment!r}"
            )
        if units is not None and alignment != "predictive":
            raise ValueError(
                '`units` belongs to alignment="predictive". '
                f"Received: units={units!r}, alignment={alignment!r}"
            )
        self.window_radius = positive_integer("window_radius", window_radius)
        self.alignment = alignment
        self.units = None if units is None else positive_integer("units", units)

    def build_score(self, query_shape, key_shape):
        super().build_score(query_shape, key_shape)
        if self.alignment == "predictive":
            units = self.units or query_shape[-1]
            self.position_projection = self.projection(units, "position_projection")
            self.position_projection.build(query_shape)
            self.position_scale = self.projection(1, "position_scale")
            self.position_scale.build((*query_shape[:-1], units))

    def align(self, query, keys, allowed, state, noise):
        length = ops.shape(keys)[1]
        position = ops.cast(ops.arange(length), self.exact_dtype)
        if self.alignment == "monotonic":
            (start,) = state
            queries = ops.shape(query)[1]
            centre = start + ops.cast(ops.arange(queries), self.exact_dtype)
            state = [start + ops.cast(queries, self.exact_dtype)]
        else:
            hidden = precision.tanh(self.position_projection(query))
            share = ops.sigmoid(ops.cast(self.position_scale(hidden)[..., 0], self.exact_dtype))
            centre = share * _length(allowed, length, self.exact_dtype)
        distance = ops.abs(position - centre[..., None])
        inside = distance <= self.window_radius
        if allowed is not None:
            inside = ops.logical_and(inside, allowed)
        scores = ops.cast(self.score(query, keys), self.exact_dtype)
        weights = attention_weights(scores, inside)
        if self.alignment == "predictive":
            stddev = self.window_radius / 2
            weights = weights * ops.exp(-0.5 * ops.square(distance / stddev))
        return weights, state

    def state_shapes(self, batch_size, values):
        return [(batch_size, 1)] if self.alignment == "monotonic" else []

    def get_config(self):
        return {
            **super().get_config(),
            "window_radius": self.window_radius,
            "alignment": self.alignment,
            "units": self.units,
        }


def _length(allowed, length, dtype):
    """Up to the last position that is not masked, broadcasts to `(batch, queries)`."""
    if allowed is None:
        return ops.cast(length, dtype)
    ends = ops.where(allowed, ops.cast(ops.arange(length) + 1, dtype), 0.0)
    # Nothing has no largest end.
    return ops.sum(ends, axis=-1) if 0 in ends.shape else ops.max(ends, axis=-1)
