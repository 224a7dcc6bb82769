import keras
from keras import ops

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.ops.alignment_scores import location_scores
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.known import differ, known
from keras_attn.ops.received import received


@keras.saving.register_keras_serializable(package="keras_attn")
class LocationAttention(AlignmentAttention):
    """Location-based attention: the query alone says where to look, `a_t = softmax(W_a h_t)`.

    | here | in the paper |
    | --- | --- |
    | `query` | target hidden state `h_t` |
    | `max_length` | rows of `W_a`, one for each position |
    | weights, context | `a_t`, `c_t` |

    What stands in the memory has no say in the weights, only where it ends: shorter memories use
    the first rows of `W_a`.

    Args:
        max_length: positions of the longest memory, padding included.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`.

    Raises:
        ValueError: if `max_length` is not a positive integer; for a memory that is longer; and see
            `AlignmentAttention`. In a compiled function with a dynamic length, such a memory raises
            the error of the backend or gives NaN.

    Example:

    >>> layer = keras_attn.LocationAttention(max_length=50)
    >>> context = layer([np.ones((2, 3, 4)), np.ones((2, 5, 8))])
    >>> context.shape == (2, 3, 8)
    True

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        equation 9, https://arxiv.org/abs/1508.04025
    """

    def __init__(self, max_length, **kwargs):
        super().__init__(**kwargs)
        self.max_length = positive_integer("max_length", max_length)

    @property
    def longest_memory(self):
        return self.max_length

    def build_score(self, query_shape, key_shape):
        self.kernel = self.add_weight(
            (query_shape[-1], self.max_length),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )

    def score(self, query, keys):
        length = keys.shape[1]
        if known(length) and length > self.max_length:
            raise ValueError(
                f"`value` must have at most {self.max_length} positions (`max_length`). "
                f"{received(value=keys)}"
            )
        kernel = ops.convert_to_tensor(self.kernel)
        if differ(query.shape[-1], kernel.shape[0]):
            raise ValueError(
                f"`query` must be of width {kernel.shape[0]}, with which the layer was built. "
                f"{received(query=query)}"
            )
        if known(length):
            kernel = kernel[:, :length]
        else:
            # Rows of a matrix: PyTorch exports no other `take` to ONNX.
            places = ops.arange(ops.shape(keys)[1])
            rows = ops.take(ops.transpose(kernel), places, axis=0)
            # XLA clamps indices that are out of range instead of raising an error.
            rows = ops.where(places[:, None] < self.max_length, rows, float("nan"))
            kernel = ops.transpose(rows)
        return location_scores(query, kernel)

    def get_config(self):
        return {**super().get_config(), "max_length": self.max_length}
