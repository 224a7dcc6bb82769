import keras
from keras import ops

from keras_attn.layers.composite import Composite
from keras_attn.layers.same_draws import SameDraws
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.latents import gaussian_kl_divergence
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.random_numbers import normal

# Of the logarithm of a deviation: outside of it float32 has nothing left to say.
LARGEST_LOGARITHM = 10.0
# Of what is made of a latent variable.
LIKELIHOODS = ("bernoulli", "gaussian")


def checked_likelihood(likelihood):
    """The name of a likelihood; ValueError for an unknown one."""
    if likelihood not in LIKELIHOODS:
        raise ValueError(
            f"`likelihood` must be one of {LIKELIHOODS}. Received: likelihood={likelihood!r}"
        )
    return likelihood


@keras.saving.register_keras_serializable(package="keras_attn")
class GaussianLatent(Composite, SameDraws, keras.layers.Layer):
    """A Gaussian latent variable, drawn by the reparameterisation trick.

    `(μ, log σ) = W h + b`, `z = μ + σ ε`

    Args:
        units: numbers of `z`.
        seed: of `ε`.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        hidden: `h`, `(batch, features)`.
        training: whether `ε` is drawn; else `z = μ`.

    Returns:
        `z`, `(batch, units)`, and its divergence from the standard normal, `(batch,)`, in nats.

    Reference:
        Kingma and Welling, "Auto-Encoding Variational Bayes", 2014,
        https://arxiv.org/abs/1312.6114
    """

    def __init__(self, units, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.units = positive_integer("latent_units", units)
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)
        self.projection = keras.layers.Dense(
            2 * self.units, dtype=self.dtype_policy, name="projection"
        )

    def build(self, input_shape):
        self.projection.build(input_shape)

    def infer(self, hidden):
        """`μ` and `log σ`, which is clipped to [-10, 10], `(batch, units)` each."""
        return self.split(self.projection(hidden))

    def split(self, numbers):
        """`infer`, of what the projection gave."""
        mean, log_stddev = ops.split(numbers, 2, axis=-1)
        limited = ops.clip(log_stddev, -LARGEST_LOGARITHM, LARGEST_LOGARITHM)
        inside = ops.abs(log_stddev) <= LARGEST_LOGARITHM
        # The gradient of `clip` on JAX is NaN where float16 has an infinite one.
        return mean, ops.where(inside, log_stddev, ops.stop_gradient(limited))

    def call(self, hidden, training=None):
        mean, log_stddev = self.infer(hidden)
        kl_divergence = gaussian_kl_divergence(mean, log_stddev)
        if not training:
            return mean, kl_divergence
        noise = normal(ops.shape(mean), dtype=mean.dtype, seed=self.draws)
        return mean + ops.exp(log_stddev) * noise, kl_divergence

    def compute_output_spec(self, hidden, training=None):
        batch = hidden.shape[0]
        wide = promote_dtypes(self.compute_dtype, "float32")
        latent = keras.KerasTensor((batch, self.units), self.compute_dtype)
        return latent, keras.KerasTensor((batch,), wide)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "seed": self.seed}
