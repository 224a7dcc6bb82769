import keras

from keras_attn.layers.alignment_attention import AlignmentAttention, fresh
from keras_attn.ops.alignment_scores import additive_scores, dot_scores
from keras_attn.ops.checks import positive_integer

SCORES = ("dot", "scaled_dot", "general", "concat")


@keras.saving.register_keras_serializable(package="keras_attn")
class LuongAttention(AlignmentAttention):
    """Multiplicative attention, and its additive relative.

    | `score` | |
    | --- | --- |
    | `"dot"` | `h_tᵀ h̄_s` |
    | `"scaled_dot"` | `h_tᵀ h̄_s / √width` |
    | `"general"` | `h_tᵀ W_a h̄_s` |
    | `"concat"` | `v_aᵀ tanh(W_a [h_t; h̄_s])` |

    | here | in the paper |
    | --- | --- |
    | `query` | target hidden state `h_t` |
    | `value` | source hidden states `h̄_s` |
    | weights, context | `a_t(s)`, `c_t` |

    This is the paper's global attention; its windows are `LocalAttention`.

    Args:
        score: see above. The dot products need queries as wide as keys.
        units: rows of `W_a` of `"concat"`, by default the width of the queries; only there.
        use_scale: whether a number that is learned multiplies the scores, 1 at the start.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`.

    Raises:
        ValueError: for an unknown score, or `units` that are not a positive integer or belong to
            another score than concat; for queries that are not as wide as keys where the score
            needs it; and see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.LuongAttention("general")
    >>> context, weights = layer(
    ...     [np.ones((2, 4)), np.ones((2, 5, 8))], return_attention_scores=True
    ... )
    >>> context.shape == (2, 8), weights.shape == (2, 5)
    (True, True)

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        section 3.1, https://arxiv.org/abs/1508.04025
    """

    def __init__(self, score="general", units=None, use_scale=False, **kwargs):
        super().__init__(**kwargs)
        if score not in SCORES:
            raise ValueError(f"`score` must be one of {SCORES}. Received: score={score!r}")
        if units is not None and score != "concat":
            raise ValueError(
                f'`units` belongs to score="concat". Received: units={units!r}, score={score!r}'
            )
        self.score_name = score
        self.units = None if units is None else positive_integer("units", units)
        self.use_scale = use_scale

    def build_score(self, query_shape, key_shape):
        if self.score_name == "general":
            self.query_projection = self.projection(key_shape[-1], "query_projection")
            self.query_projection.build(query_shape)
        elif self.score_name == "concat":
            # The rows of W_a that meet the query, and those that meet the key.
            units = self.units or query_shape[-1]
            self.query_projection = self.projection(units, "query_projection")
            self.query_projection.build(query_shape)
            self.key_projection = self.projection(units, "key_projection")
            self.key_projection.build(key_shape)
            self.scale = self.add_weight(
                (units,), initializer=fresh(self.kernel_initializer), name="scale"
            )
        elif query_shape[-1] != key_shape[-1]:
            raise ValueError(
                f"`score={self.score_name!r}` needs queries as wide as keys. Received: query of "
                f"width {query_shape[-1]}, key of width {key_shape[-1]}"
            )
        if self.use_scale:
            self.gain = self.add_weight((), initializer="ones", name="gain")

    def project_keys(self, key):
        return self.key_projection(key) if self.score_name == "concat" else key

    def score(self, query, keys):
        if self.score_name in ("general", "concat"):
            query = self.query_projection(query)
        if self.score_name == "concat":
            scores = additive_scores(query, keys, keras.ops.convert_to_tensor(self.scale))
        else:
            scores = dot_scores(query, keys, scale=self.score_name == "scaled_dot")
        return self.gain * scores if self.use_scale else scores

    def get_config(self):
        return {
            **super().get_config(),
            "score": self.score_name,
            "units": self.units,
            "use_scale": self.use_scale,
        }
