import keras

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.ops.alignment_scores import dot_scores


@keras.saving.register_keras_serializable(package="keras_attn")
class SemanticAttention(AlignmentAttention):
    """Looks at words that were detected in an image: semantic attention.

    `α_ti = softmax_i(s_tᵀ U a_i)`, `c_t = w ⊙ Σ_i α_ti a_i`

    | here | in the paper |
    | --- | --- |
    | `query` | for the input the word before, `E y_{t-1}`; for the output the state `h_t` |
    | `value` | the attributes `E y^i`; for the output `σ(E y^i)` |
    | `query_projection` | `Uᵀ`; for the output `Vᵀ` |
    | `scale` | the diagonal `w^{x,A}`; for the output `w^{Y,A}` |
    | weights | `α_t^i`; for the output `β_t^i` |

    Convention: the paper adds the context to the word, or to the state, before the next
    projection: `SemanticAttentionCaptioner` does. For the input the paper writes `U` between the
    embeddings; its low rank comes from theirs.

    Args:
        scale_initializer: of `w`.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`.

    Raises:
        ValueError: see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.SemanticAttention()
    >>> words, attributes = np.ones((2, 7, 12)), np.ones((2, 10, 12))
    >>> context, weights = layer([words, attributes], return_attention_scores=True)
    >>> context.shape == (2, 7, 12), weights.shape == (2, 7, 10)
    (True, True)

    Reference:
        You et al., "Image Captioning with Semantic Attention", 2016, sections 3.3 and 3.4,
        https://arxiv.org/abs/1603.03925
    """

    def __init__(self, scale_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build(self, input_shape):
        super().build(input_shape)
        value = input_shape[1]
        self.scale = self.add_weight((value[-1],), initializer=self.scale_initializer, name="scale")

    def build_score(self, query_shape, key_shape):
        self.query_projection = self.projection(key_shape[-1], "query_projection")
        self.query_projection.build(query_shape)

    def score(self, query, keys):
        return dot_scores(self.query_projection(query), keys)

    def finish(self, context, weights, query, query_mask):
        return context * keras.ops.cast(self.scale, context.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }
