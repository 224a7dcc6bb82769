import math

import keras
from keras import ops

from keras_attn.applications.arrays import float_array
from keras_attn.applications.mirrored import (
    check_shape,
    check_units,
    dense_stack,
    through,
)
from keras_attn.applications.variational_model import VariationalModel
from keras_attn.layers.gaussian_latent import GaussianLatent
from keras_attn.ops import gaussian_log_probability
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class VariationalAutoencoder(VariationalModel):
    """An autoencoder whose code is drawn, so that examples can be drawn from it: a VAE.

    `z = μ(x) + σ(x) ε`, `ε ~ N(0, 1)`, and the loss
    `-log p(x | z) + D_KL(N(μ(x), σ(x)²) || N(0, 1))`, a bound of `-log p(x)`

    | here | in the paper |
    | --- | --- |
    | `x` | `x` |
    | `latent_units` | numbers of `z` |
    | `units` | of the hidden layers of the encoder `q_φ(z | x)`, and mirrored of the decoder |
    | `likelihood` | `p_θ(x | z)` |
    | `kl_divergence` | the term `D_KL` |

    It is `DRAW` of one step, without a canvas. It trains on examples alone, `compile(optimizer)`
    and `fit(x)`; the loss is in nats for an example.

    Args:
        example_shape: of an example, such as `(28, 28, 1)`.
        latent_units: numbers of the code.
        units: widths of the hidden layers of the encoder; the decoder has them in the other order.
        activation: of the hidden layers.
        likelihood: `"bernoulli"` for examples in [0, 1], `"gaussian"` for any.
        stddev: of the Gaussian likelihood, `σ` of every number.
        beta: Non-negative float, weight `β` of the KL divergence in the loss, as in the β-VAE. A
            callback can set the attribute `beta` at the start of an epoch.
        seed: of the noise.
        dtype: dtype policy of the layers.
        **kwargs: of `keras.Model`.

    Call arguments:
        x: `(batch, *example_shape)`.

    Returns:
        A dictionary of `canvas`, like `x`, logits or means, and `kl_divergence`, `(batch, 1)`, in
        nats.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown likelihood, or a deviation
            that is not positive; when it is trained with the Bernoulli likelihood on numbers
            outside of [0, 1].

    Example:

    >>> model = keras_attn.applications.VariationalAutoencoder((8, 8, 1), latent_units=2, units=16)
    >>> model.compile("adam")
    >>> history = model.fit(np.zeros((4, 8, 8, 1)), verbose=0)
    >>> model.generate(3).shape, model.encode(np.zeros((1, 8, 8, 1))).shape
    ((3, 8, 8, 1), (1, 2))

    Reference:
        Kingma and Welling, "Auto-Encoding Variational Bayes", 2014,
        https://arxiv.org/abs/1312.6114
    """

    def __init__(
        self,
        example_shape,
        latent_units=20,
        units=(256,),
        activation="relu",
        likelihood="bernoulli",
        stddev=1.0,
        beta=1.0,
        seed=None,
        dtype=None,
        **kwargs,
    ):
        example_shape, units = check_shape(example_shape), check_units(units)
        self.example_shape, self.units = example_shape, units
        latent_units = positive_integer("latent_units", latent_units)

        # === Layers ===
        hidden = [activation] * len(units)
        self.encoder = dense_stack(units, hidden, dtype, "encoder")
        self.decoder = dense_stack(
            [*reversed(units), math.prod(example_shape)], [*hidden, None], dtype, "decoder"
        )
        self.latent = GaussianLatent(latent_units, seed=seed, dtype=dtype, name="latent")
        self.flatten = keras.layers.Flatten(dtype=dtype, name="flatten")
        self.unflatten = keras.layers.Reshape(
            example_shape, dtype=float32_policy(dtype), name="unflatten"
        )

        # === Functional model ===
        x = keras.Input(example_shape, name="x")
        latent, kl_divergence = self.latent(through(self.encoder, self.flatten(x)))
        outputs = {
            "canvas": self._canvas(latent),
            "kl_divergence": keras.layers.Reshape((1,), dtype=float32_policy(dtype))(kl_divergence),
        }
        super().__init__(
            x,
            outputs,
            likelihood,
            stddev,
            beta,
            (latent_units,),
            **kwargs,
        )

    def generate(self, num_examples=1, latent=None, batch_size=256, seed=None):
        """Examples from the prior.

        Args:
            num_examples: how many; not asked where `latent` is given.
            latent: `z`, `(batch, latent_units)`, by default drawn from `N(0, 1)`.
            batch_size: examples at a time.
            seed: an integer, for the same examples again.

        Returns:
            The mean of the likelihood, a NumPy array `(num_examples, *example_shape)`.

        Raises:
            ValueError: for a number that is not a positive integer, or `latent` of another shape.
        """
        count = positive_integer("num_examples", num_examples) if latent is None else len(latent)
        latent = self.drawn("latent", latent, count, seed)
        return self._compiled("generate", self._shown, batch_size, latent)

    def reconstruct(self, x, noise=None, batch_size=256, seed=None):
        """Examples as it makes them again of a draw of their codes.

        Args:
            x: an array `(batch, *example_shape)`.
            noise: `ε`, `(batch, latent_units)`, by default drawn from `N(0, 1)`.
            batch_size: examples at a time.
            seed: an integer, for the same noise again.

        Returns:
            The mean of the likelihood, a NumPy array like `x`.

        Raises:
            ValueError: for `noise` that is not `(batch, latent_units)`.
        """
        x = float_array("x", x)
        noise = self.drawn("noise", noise, len(x), seed)
        return self._compiled("reconstruct", self._reconstructed, batch_size, x, noise)

    def encode(self, x, batch_size=256):
        """The means of the codes of examples.

        Args:
            x: an array `(batch, *example_shape)`.
            batch_size: examples at a time.

        Returns:
            A NumPy array `(batch, latent_units)`.
        """
        return self._compiled(
            "encode", lambda x: self._draw(x, 0.0)[0], batch_size, float_array("x", x)
        )

    def log_ratio(self, x, noise):
        latent, mean, log_stddev = self._draw(x, noise)
        prior = gaussian_log_probability(latent, ops.zeros_like(latent), ops.zeros_like(latent))
        return self._canvas(latent), prior - gaussian_log_probability(latent, mean, log_stddev)

    def _draw(self, x, noise):
        """`z` of some noise, `μ` and `log σ`."""
        mean, log_stddev = self.latent.infer(through(self.encoder, self.flatten(x)))
        return mean + ops.exp(log_stddev) * noise, mean, log_stddev

    def _shown(self, latent):
        return self.mean(self._canvas(latent))

    def _reconstructed(self, x, noise):
        return self._shown(self._draw(x, noise)[0])

    def _canvas(self, latent):
        return self.unflatten(through(self.decoder, latent))
