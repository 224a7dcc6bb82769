"""What the models that are trained by a variational bound have in common."""

import keras
import numpy as np
from keras import ops

from keras_attn.applications.compiled import Compiled
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.layers.arguments import positive_integer
from keras_attn.layers.gaussian_latent import checked_likelihood
from keras_attn.ops import bernoulli_log_probability, gaussian_log_probability


class VariationalModel(FunctionalModel):
    """A functional model from `x` to what it makes of it, and to what its latent variables cost.

    It trains on `x` alone, with `compile(optimizer)` and `fit(x)`. The loss is the bound in nats
    for an example, `-log p(x | z) + D_KL(q(z | x) || p(z))`, of one draw of `z`, in `evaluate` too;
    the metrics `reconstruction` and `kl_divergence` are its two parts. `predict` draws nothing: it
    takes `z` for its mean. Weights of examples need targets, as Keras drops them otherwise:
    `fit(x, x, sample_weight=weights)`.

    Args:
        inputs: of the functional model, one.
        outputs: `canvas`, like the input: logits of the pixels of a Bernoulli likelihood, or means
            of a Gaussian one; and `kl_divergence`, `(batch, steps)`, in nats.
        likelihood: `"bernoulli"` or `"gaussian"`.
        stddev: of the Gaussian likelihood, `σ` of each number.
        latent_shape: of `z` for one example.
        dtype, arguments: see `FunctionalModel`.
        generate, reconstruct, encode: functions of `Compiled`, from `z`, from `x` and noise like
            `z`, and from `x`.
        **kwargs: of `keras.Model`.
    """

    output_name = None

    def __init__(
        self,
        inputs,
        outputs,
        likelihood,
        stddev,
        latent_shape,
        dtype,
        arguments,
        generate,
        reconstruct,
        encode=None,
        **kwargs,
    ):
        if not stddev > 0:
            raise ValueError(f"`stddev` must be positive. Received: stddev={stddev}")
        super().__init__(inputs, outputs, dtype, arguments, **kwargs)
        self.likelihood, self.stddev = checked_likelihood(likelihood), float(stddev)
        self.latent_shape = latent_shape
        self._apply = Compiled(
            self,
            generate=generate,
            reconstruct=reconstruct,
            encode=encode,
            log_weight=self._log_weight,
        )
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_divergence_tracker = keras.metrics.Mean(name="kl_divergence")

    def log_probability(self, x, canvas):
        """`log p(x | z)` of what was made of `z`.

        Args:
            x: `(batch, ...)`, like the model's input.
            canvas: like `x`, logits for a Bernoulli likelihood, means for a Gaussian one.

        Returns:
            `(batch,)`, in nats.
        """
        x, canvas = (ops.reshape(each, (ops.shape(each)[0], -1)) for each in (x, canvas))
        if self.likelihood == "bernoulli":
            return bernoulli_log_probability(x, canvas)
        log_stddev = ops.full_like(canvas, float(np.log(self.stddev)))
        return gaussian_log_probability(x, canvas, log_stddev)

    def mean(self, canvas):
        """What a canvas shows: the mean of the likelihood."""
        return ops.sigmoid(canvas) if self.likelihood == "bernoulli" else canvas

    def log_likelihood(self, images, num_samples=50, batch_size=64, seed=None):
        """An estimate of `log p(x)` from below, by importance sampling.

        `log 1/S Σ_s p(x | z_s) p(z_s) / q(z_s | x)`, which is on average the bound of training for
        one sample, and rises to the likelihood with their number.

        Args:
            images: examples, as the model takes them.
            num_samples: `S`.
            batch_size: examples at a time.
            seed: an integer, for the same noise again.

        Returns:
            A NumPy array `(batch,)`, in nats.

        Raises:
            ValueError: for a number of samples that is not a positive integer.

        Reference:
            Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", 2016,
            https://arxiv.org/abs/1509.00519
        """
        generator = np.random.default_rng(seed)
        total = np.full(len(images), -np.inf)
        for _ in range(positive_integer("num_samples", num_samples)):
            noise = self.drawn("noise", None, len(images), generator)
            weight = self._apply("log_weight", batch_size, images, noise)
            total = np.logaddexp(total, weight.astype("float64"))
        return total - np.log(num_samples)

    def log_ratio(self, x, noise):
        """What is made of one draw of `z`, and how much likelier the prior has it than `q`.

        Args:
            x: `(batch, ...)`, like the model's input.
            noise: `(batch, *latent_shape)`, what `z` is made with.

        Returns:
            The canvas, like `x`, and `log p(z) - log q(z | x)`, `(batch,)`, in nats.
        """
        raise NotImplementedError

    def _log_weight(self, x, noise):
        canvas, ratio = self.log_ratio(x, noise)
        return ratio + self.log_probability(x, ops.cast(canvas, "float32"))

    def drawn(self, name, given, count, seed):
        """Standard normal numbers like `z`, or those that were given.

        Args:
            name: of the argument, for what is said of a wrong one.
            given: `(count, *latent_shape)`, or None to draw.
            count: examples.
            seed: of `numpy.random.default_rng`.

        Returns:
            `given` as it is, or float32 `(count, *latent_shape)`.

        Raises:
            ValueError: for numbers of another shape.
        """
        if given is None:
            shape = (count, *self.latent_shape)
            return np.random.default_rng(seed).normal(size=shape).astype("float32")
        if tuple(given.shape[1:]) != tuple(self.latent_shape) or len(given) != count:
            raise ValueError(
                f"`{name}` must be ({', '.join(map(str, (count, *self.latent_shape)))}). Received: "
                f"{name}.shape={tuple(given.shape)}"
            )
        return given

    # === Keras ===

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not training:
            y_pred = self(x, training=True)
        reconstruction = -self.log_probability(x, y_pred["canvas"])
        kl_divergence = ops.sum(ops.cast(y_pred["kl_divergence"], reconstruction.dtype), axis=-1)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, reconstruction.dtype)
        self.reconstruction_tracker.update_state(reconstruction, sample_weight)
        self.kl_divergence_tracker.update_state(kl_divergence, sample_weight)
        bound = reconstruction + kl_divergence
        if sample_weight is not None:
            bound = bound * sample_weight
        loss = ops.mean(bound)
        for further in self.losses:
            loss = loss + ops.cast(further, loss.dtype)
        return loss

    def fit(self, x=None, *args, **kwargs):
        self.check_range(x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        self.check_range(x)
        return super().evaluate(x, *args, **kwargs)

    def check_range(self, x):
        """ValueError for numbers outside of [0, 1], whose Bernoulli likelihood has no bound.

        Of a `keras.utils.PyDataset` the first batch is looked at, of other data sets nothing.
        """
        if self.likelihood != "bernoulli":
            return
        if isinstance(x, keras.utils.PyDataset):
            x = x[0][0] if isinstance(x[0], (tuple, list)) else x[0]
        if not hasattr(x, "shape") or not hasattr(x, "dtype"):
            return
        low, high = (float(ops.convert_to_numpy(f(x))) for f in (ops.min, ops.max))
        if not (low >= 0.0 and high <= 1.0):
            raise ValueError(
                '`x` must lie in [0, 1] for `likelihood="bernoulli"`. Received: numbers from '
                f"{low:g} to {high:g}"
            )
