import math

import keras
from keras import ops

from keras_attn.layers.same_draws import SameDraws
from keras_attn.ops.checks import check_number
from keras_attn.ops.random_numbers import normal, uniform

KINDS = ("masking", "salt_and_pepper", "gaussian")


@keras.saving.register_keras_serializable(package="keras_attn")
class Corruption(SameDraws, keras.layers.Layer):
    """Spoils examples in training, and passes them on otherwise.

    Args:
        kind: `"masking"` sets numbers to 0, `"salt_and_pepper"` to 0 or 1, `"gaussian"` adds
            normal numbers.
        amount: part of the numbers that is spoilt, in [0, 1]; of `"gaussian"` the deviation.
        seed: of the draws.
    """

    def __init__(self, kind="masking", amount=0.3, seed=None, **kwargs):
        super().__init__(**kwargs)
        if kind not in KINDS:
            raise ValueError(f"`corruption` must be one of {KINDS}. Received: corruption={kind!r}")
        largest = math.inf if kind == "gaussian" else 1.0
        check_number(
            "amount",
            amount,
            "lie in [0, 1], or not be negative for gaussian numbers",
            lambda value: 0 <= value <= largest and value < math.inf,
        )
        self.kind, self.amount, self.seed = kind, amount, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        if not training:
            return x
        if self.kind == "gaussian":
            noise = normal(ops.shape(x), dtype=x.dtype, seed=self.draws)
            return x + self.amount * noise
        spoilt = uniform(ops.shape(x), seed=self.draws) < self.amount
        other = ops.zeros_like(x)
        if self.kind == "salt_and_pepper":
            salt = uniform(ops.shape(x), seed=self.draws) < 0.5
            other = ops.cast(salt, x.dtype)
        return ops.where(spoilt, other, x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "kind": self.kind,
            "amount": self.amount,
            "seed": self.seed,
        }
