from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.layers.composite import unbuilt_config


class AlignmentWrapper(AlignmentAttention):
    """An alignment layer that makes something else of another one's scores.

    Args:
        attention: the `AlignmentAttention` whose scores are used, one that remembers nothing and,
            unless its weights are used, wraps no other; its dropout is not applied.
        **kwargs: see `AlignmentAttention`.

    Raises:
        ValueError: if `attention` is not such a layer.
    """

    # Whether it uses the weights of the other layer, not its scores alone.
    takes_weights = False

    def __init__(self, attention, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(attention, AlignmentAttention):
            raise ValueError(
                "`attention` must be an alignment layer of keras_attn. "
                f"Received: attention={attention}"
            )
        wrapped = isinstance(attention, AlignmentWrapper) and not self.takes_weights
        if wrapped or attention.state_shapes(1, 1):
            raise ValueError(
                "`attention` must be a layer that remembers nothing and wraps no other. "
                f"Received: attention={attention}"
            )
        self.attention = attention

    @property
    def longest_memory(self):
        return self.attention.longest_memory

    def build_score(self, query_shape, key_shape):
        if not self.attention.built:
            self.attention.build([query_shape, key_shape])

    def project_keys(self, key):
        return self.attention.project_keys(key)

    def score(self, query, keys):
        return self.attention.score(query, keys)

    def get_config(self):
        return {**super().get_config(), "attention": unbuilt_config(self.attention)}
