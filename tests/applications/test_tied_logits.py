"""Logits from word embeddings."""

import keras
import numpy as np

from keras_attn.applications.tied_logits import TiedLogits
from tests.backend import to_numpy


class Doubled(keras.layers.Embedding):
    def call(self, inputs):
        return 2.0 * super().call(inputs)


def test_a_logit_is_the_product_with_the_embedding_of_the_word(generator):
    embedding = keras.layers.Embedding(5, 3)
    embedding.build()
    table = generator.normal(size=(5, 3)).astype("float32")
    embedding.embeddings.assign(table)
    layer, outputs = TiedLogits(embedding), generator.normal(size=(2, 4, 3)).astype("float32")
    expected = np.array([[[output @ word for word in table] for output in row] for row in outputs])
    np.testing.assert_allclose(to_numpy(layer(outputs)), expected, atol=1e-5)
    embedding.enable_lora(2)
    first, second = (generator.normal(size=shape).astype("float32") for shape in ((5, 2), (2, 3)))
    embedding.lora_embeddings_a.assign(first)
    embedding.lora_embeddings_b.assign(second)
    expected = outputs @ (table + first @ second).T
    np.testing.assert_allclose(to_numpy(layer(outputs)), expected, atol=1e-5)


def test_the_call_of_a_subclassed_embedding_is_used(generator):
    embedding = Doubled(5, 3)
    embedding.build()
    outputs = generator.normal(size=(2, 3)).astype("float32")
    expected = 2.0 * outputs @ to_numpy(embedding.embeddings).T
    np.testing.assert_allclose(to_numpy(TiedLogits(embedding)(outputs)), expected, atol=1e-5)
