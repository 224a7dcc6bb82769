import math

import keras
from keras import ops

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.ops.alignment_scores import content_scores
from keras_attn.ops.checks import check_number


@keras.saving.register_keras_serializable(package="keras_attn")
class ContentAttention(AlignmentAttention):
    """Content-based attention: looks where the memory resembles the query.

    `α_ij = softmax_j(β cos(W s_i, h_j))`

    | here | in the paper |
    | --- | --- |
    | `W s_i` | key vector `k_t` |
    | `value` | memory rows `M_t(i)` |
    | `strength` | key strength `β_t`, learned once here, emitted at each step there |

    Args:
        strength: key strength at the start, positive. Its logarithm is learned.
        project_query: whether to learn `W`; without, queries must be as wide as keys.
        **kwargs: see `AlignmentAttention`.

    Call arguments, and what is returned: see `AlignmentAttention`.

    Raises:
        ValueError: if `strength` is not positive; for queries that are not as wide as keys without
            a projection; and see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.ContentAttention(strength=5.0, project_query=False)
    >>> memory = np.eye(3, dtype="float32")[None]
    >>> _, weights = layer([memory[:, :1], memory], return_attention_scores=True)
    >>> print(keras.ops.convert_to_numpy(weights)[0].round(2))
    [[0.99 0.01 0.01]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equations 5 and 6,
        https://arxiv.org/abs/1410.5401
    """

    def __init__(self, strength=1.0, project_query=True, **kwargs):
        super().__init__(**kwargs)
        check_number("strength", strength, "be positive", lambda value: 0 < value < math.inf)
        self.strength = strength
        self.project_query = project_query

    def build_score(self, query_shape, key_shape):
        if self.project_query:
            self.query_projection = self.projection(key_shape[-1], "query_projection")
            self.query_projection.build(query_shape)
        elif query_shape[-1] != key_shape[-1]:
            raise ValueError(
                "`project_query=False` needs queries as wide as keys. Received: query of width "
                f"{query_shape[-1]}, key of width {key_shape[-1]}"
            )
        start = keras.initializers.Constant(math.log(self.strength))
        self.log_strength = self.add_weight((), initializer=start, name="log_strength")

    def score(self, query, keys):
        query = self.query_projection(query) if self.project_query else query
        return content_scores(query, keys, ops.exp(self.log_strength))

    def get_config(self):
        return {
            **super().get_config(),
            "strength": self.strength,
            "project_query": self.project_query,
        }
