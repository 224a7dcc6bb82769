import keras
from keras import ops

from keras_attn.layers.dense_step import is_plain
from keras_attn.ops import precision
from keras_attn.ops.precision import as_float32, promote_dtypes


@keras.saving.register_keras_serializable(package="keras_attn")
class TiedLogits(keras.layers.Layer):
    """Logits in float32: products of an output with the embeddings of all words, `Eᵀ x`.

    Args:
        embedding: the `keras.layers.Embedding` of the words, built, whose weights are used.
    """

    def __init__(self, embedding, **kwargs):
        super().__init__(**{"dtype": embedding.dtype_policy, **kwargs})
        self.embedding = embedding
        self.built = True

    def call(self, inputs):
        table = ops.cast(self._table(), inputs.dtype)
        return as_float32(precision.matmul(inputs, ops.transpose(table)))

    def _table(self):
        """Returns the embeddings of all words, of shape `(words, units)`."""
        embedding = self.embedding
        own = type(embedding) is keras.layers.Embedding and not embedding.lora_enabled
        if own and is_plain(embedding):
            return embedding.embeddings
        return embedding(ops.arange(embedding.input_dim, dtype="int32"))

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(
            (*inputs.shape[:-1], self.embedding.input_dim),
            promote_dtypes(self.compute_dtype, "float32"),
        )

    def get_config(self):
        embedding = keras.saving.serialize_keras_object(self.embedding)
        return {**super().get_config(), "embedding": embedding}

    @classmethod
    def from_config(cls, config):
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**{**config, "embedding": embedding})
