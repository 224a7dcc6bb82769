import keras
from keras import ops

from keras_attn.layers.dense_step import is_plain


class TiedLogits(keras.layers.Layer):
    """How much an output resembles each word's embedding, `Eᵀ x`: logits in float32.

    Args:
        embedding: the `keras.layers.Embedding` of the words, built, whose weights are used.
    """

    def __init__(self, embedding, **kwargs):
        super().__init__(**{"dtype": embedding.dtype_policy, **kwargs})
        self.embedding = embedding
        self.built = True

    def call(self, inputs):
        table = ops.cast(self._table(), inputs.dtype)
        return ops.cast(ops.matmul(inputs, ops.transpose(table)), "float32")

    def _table(self):
        """The embeddings of all words, `(words, units)`."""
        embedding = self.embedding
        own = type(embedding) is keras.layers.Embedding and not embedding.lora_enabled
        if own and is_plain(embedding):
            return embedding.embeddings
        return embedding(ops.arange(embedding.input_dim, dtype="int32"))

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape[:-1], self.embedding.input_dim), "float32")
