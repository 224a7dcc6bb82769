import math

import keras
from keras import ops

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.ops.alignment_scores import additive_scores
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import as_float32


@keras.saving.register_keras_serializable(package="keras_attn")
class BahdanauAttention(AlignmentAttention):
    """Additive attention: a hidden layer over every pair of a query and a key.

    `e_ij = vᵀ tanh(W s_i + U h_j + b)`, normalised `e_ij = g vᵀ/‖v‖ tanh(W s_i + U h_j + b)`

    | here | in the paper |
    | --- | --- |
    | `query` | previous decoder state `s_{i-1}` |
    | `value` | annotations `h_j` |
    | `units` | width of the alignment model, `n'` |
    | kernel of `query_projection` | `W_a` |
    | kernel of `key_projection` | `U_a` |
    | `scale` | `v_a` |
    | `gain` | `g` of the normalised score |
    | weights, context | `α_ij`, `c_i` |

    The hidden layer of all pairs is never held in memory, see `keras_attn.ops.additive_scores`. A
    bias on the scalar score, as some ports have it, cancels in the softmax and is left out.

    Args:
        units: width of the hidden layer.
        use_bias: whether to add `b` (the paper has none).
        normalize: whether to normalise `v` and learn its length `g`, which starts at `1/√units`.
        scale_initializer: of `v`. Bahdanau et al. start it at zero, and `W` and `U` at normal
            numbers of deviation 0.001.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`.

    Raises:
        ValueError: if `units` is not a positive integer; and see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.BahdanauAttention(16)
    >>> query, memory = np.ones((2, 3, 4)), np.ones((2, 5, 8))
    >>> context, weights = layer([query, memory], return_attention_scores=True)
    >>> context.shape == (2, 3, 8), weights.shape == (2, 3, 5)
    (True, True)

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, section 3.1 and appendix A.1.2, https://arxiv.org/abs/1409.0473; Salimans and Kingma,
        "Weight Normalization", 2016, https://arxiv.org/abs/1602.07868
    """

    def __init__(
        self, units, use_bias=False, normalize=False, scale_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.units = positive_integer("units", units)
        self.use_bias = use_bias
        self.normalize = normalize
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build_score(self, query_shape, key_shape):
        self.query_projection = self.projection(self.units, "query_projection", self.use_bias)
        self.query_projection.build(query_shape)
        self.key_projection = self.projection(self.units, "key_projection")
        self.key_projection.build(key_shape)
        self.scale = self.add_weight(
            (self.units,), initializer=self.scale_initializer, name="scale"
        )
        if self.normalize:
            start = keras.initializers.Constant(1.0 / math.sqrt(self.units))
            self.gain = self.add_weight((), initializer=start, name="gain")

    def project_keys(self, key):
        return self.key_projection(key)

    def score(self, query, keys):
        return additive_scores(self.query_projection(query), keys, self.score_scale())

    def score_scale(self):
        """`v`, normalised if it is to be."""
        scale = ops.convert_to_tensor(self.scale)
        if self.normalize:
            # The epsilon keeps the gradient of a vector of zeros finite.
            square = ops.sum(ops.square(as_float32(scale)))
            scale = self.gain * scale * ops.cast(ops.rsqrt(square + 1e-12), scale.dtype)
        return scale

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "normalize": self.normalize,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }
