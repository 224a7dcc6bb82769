"""Base class of models that are trained by a variational bound."""

import math

import keras
import numpy as np
from keras import ops

from keras_attn.applications.arrays import float_array
from keras_attn.applications.checked_data import CheckedData, value_range
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.own_loss import (
    InputsAsTargets,
    OwnLoss,
    example_weights,
    mean_loss,
)
from keras_attn.layers.gaussian_latent import checked_likelihood
from keras_attn.ops import bernoulli_log_probability, gaussian_log_probability
from keras_attn.ops.checks import check_number, positive_integer
from keras_attn.ops.precision import as_float32


class VariationalModel(InputsAsTargets, OwnLoss, CheckedData, FunctionalModel, is_base=True):
    """A functional model from `x` to what it makes of it, and to what its latent variables cost.

    It trains on `x` alone, with `compile(optimizer)` and `fit(x)`. The loss is the bound in nats
    for an example, `-log p(x | z) + β D_KL(q(z | x) || p(z))`, of one draw of `z`, in `evaluate`
    too; the metrics `reconstruction` and `kl_divergence` are its two terms, without `β`. With
    `fit(x, y)` the likelihood is that of the targets `y` instead of `x`. The metrics of `compile`
    compare the mean of the likelihood with the targets. `predict` draws no sample and uses the mean
    of `z`.

    Args:
        inputs: of the functional model, one.
        outputs: `canvas`, like the input: logits of the pixels of a Bernoulli likelihood, or means
            of a Gaussian one; and `kl_divergence`, `(batch, steps)`, in nats.
        likelihood: `"bernoulli"` or `"gaussian"`.
        stddev: of the Gaussian likelihood, `σ` of each number.
        beta: Non-negative float, weight `β` of the KL divergence in the loss.
        latent_shape: of `z` for one example.
        **kwargs: of `keras.Model`.
    """

    output_name = None

    def __init__(
        self,
        inputs,
        outputs,
        likelihood,
        stddev,
        beta,
        latent_shape,
        **kwargs,
    ):
        check_number("stddev", stddev, "be positive", lambda value: 0 < value < math.inf)
        super().__init__(inputs, outputs, **kwargs)
        # A variable: a compiled training step would hold a Python number as a constant.
        self._beta = self.add_weight(
            (), initializer="ones", trainable=False, autocast=False, name="beta"
        )
        self.beta = beta
        self.likelihood, self.stddev = checked_likelihood(likelihood), float(stddev)
        self.latent_shape = latent_shape
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_divergence_tracker = keras.metrics.Mean(name="kl_divergence")

    @property
    def beta(self):
        """Weight of the KL divergence in the loss. A callback can set `beta` between epochs."""
        return float(ops.convert_to_numpy(self._beta))

    @beta.setter
    def beta(self, value):
        check_number(
            "beta",
            value,
            "be a non-negative number",
            lambda number: not isinstance(number, bool) and 0 <= number < math.inf,
        )
        self._beta.assign(float(value))

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
        """Returns the mean of the likelihood of a canvas."""
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
        images, generator = float_array("images", images), np.random.default_rng(seed)
        total = np.full(len(images), -np.inf)
        for _ in range(positive_integer("num_samples", num_samples)):
            noise = self.drawn("noise", None, len(images), generator)
            weight = self._compiled("log_weight", self._log_weight, batch_size, images, noise)
            total = np.logaddexp(total, weight.astype("float64"))
        return total - np.log(num_samples)

    def log_ratio(self, x, noise):
        """Decodes one sample of `z` and computes the log-ratio of prior and posterior.

        Args:
            x: `(batch, ...)`, like the model's input.
            noise: `(batch, *latent_shape)`, standard normal noise of the sample.

        Returns:
            The canvas, like `x`, and `log p(z) - log q(z | x)`, `(batch,)`, in nats.
        """
        raise NotImplementedError

    def _log_weight(self, x, noise):
        canvas, ratio = self.log_ratio(x, noise)
        return ratio + self.log_probability(x, as_float32(canvas))

    def drawn(self, name, given, count, seed):
        """Standard normal numbers like `z`, or those that were given.

        Args:
            name: of the argument, for what is said of a wrong one.
            given: `(count, *latent_shape)`, or None to draw.
            count: examples.
            seed: of `numpy.random.default_rng`.

        Returns:
            `given` as a float array, or a float64 array of shape `(count, *latent_shape)`.

        Raises:
            ValueError: for numbers of another shape.
        """
        if given is None:
            shape = (count, *self.latent_shape)
            return np.random.default_rng(seed).normal(size=shape)
        given = float_array(name, given)
        if tuple(given.shape[1:]) != tuple(self.latent_shape) or len(given) != count:
            raise ValueError(
                f"`{name}` must be ({', '.join(map(str, (count, *self.latent_shape)))}). Received: "
                f"{name}.shape={tuple(given.shape)}"
            )
        return given

    # === Keras ===

    loss_description = "by its variational bound, see `likelihood` and `beta`"

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not training:
            y_pred = self(x, training=True)
        target = x if y is None else self._checked_target(y)
        reconstruction = -self.log_probability(target, y_pred["canvas"])
        kl_divergence = ops.sum(ops.cast(y_pred["kl_divergence"], reconstruction.dtype), axis=-1)
        weights = example_weights(sample_weight, reconstruction)
        self.reconstruction_tracker.update_state(reconstruction, weights)
        self.kl_divergence_tracker.update_state(kl_divergence, weights)
        bound = reconstruction + ops.cast(self._beta, reconstruction.dtype) * kl_divergence
        return self.with_added_losses(mean_loss(bound, weights))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        target, mean = (x if y is None else y), self.mean(y_pred["canvas"])
        return super().compute_metrics(x, target, mean, sample_weight)

    def _checked_target(self, y):
        """Returns `y`; raises `ValueError` unless an example of `y` has the size of an input."""
        shape = self.inputs[0].shape[1:]
        given = None if keras.tree.is_nested(y) else tuple(y.shape[1:])
        if given is None or (None not in given and math.prod(given) != math.prod(shape)):
            raise ValueError(
                "`y` must be None, so that the inputs are the targets, or of shape "
                f"(batch, {', '.join(map(str, shape))}). Received: "
                + (f"y of type {type(y)}" if given is None else f"y.shape={tuple(y.shape)}")
            )
        return y

    def check_inputs(self, name, x):
        self._check_range(name, x)

    def check_targets(self, name, y):
        self._check_range(name, y)

    def _check_range(self, name, x):
        """Raises `ValueError` outside [0, 1], where the Bernoulli likelihood is unbounded."""
        limits = value_range(x) if self.likelihood == "bernoulli" else None
        if limits is None:
            return
        low, high = limits
        if not (low >= 0.0 and high <= 1.0):
            raise ValueError(
                f'`{name}` must lie in [0, 1] for `likelihood="bernoulli"`. Received: numbers from '
                f"{low:g} to {high:g}"
            )
