"""What the models that are trained by a variational bound have in common."""

import keras
import numpy as np
from keras import ops

from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.ops import bernoulli_log_probability, gaussian_log_probability


class VariationalModel(FunctionalModel):
    """A functional model from `x` to what it makes of it, and to what its latent variables cost.

    It trains on `x` alone, with `compile(optimizer)` and `fit(x)`. The loss is the bound in nats
    for an example, `-log p(x | z) + D_KL(q(z | x) || p(z))`, of one draw of `z`, in `evaluate` too;
    the metrics `reconstruction` and `divergence` are its two parts. `predict` draws nothing: it
    takes `z` for its mean. Weights of examples need targets, as Keras drops them otherwise:
    `fit(x, x, sample_weight=weights)`.

    Args:
        inputs: of the functional model, one.
        outputs: `canvas`, like the input: logits of the pixels of a Bernoulli likelihood, or means
            of a Gaussian one; and `divergence`, `(batch, steps)`, in nats.
        likelihood: `"bernoulli"` or `"gaussian"`.
        deviation: of the Gaussian likelihood, `σ` of each number.
        dtype, arguments, **kwargs: see `FunctionalModel`.
    """

    def __init__(self, inputs, outputs, likelihood, deviation, dtype, arguments, **kwargs):
        if not deviation > 0:
            raise ValueError(f"`deviation` must be positive. Received: deviation={deviation}")
        super().__init__(inputs, outputs, dtype, arguments, **kwargs)
        self.likelihood, self.deviation = likelihood, float(deviation)
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.divergence_tracker = keras.metrics.Mean(name="divergence")

    def log_probability(self, x, canvas):
        """`log p(x | z)`, `(batch,)`, in nats."""
        x, canvas = (ops.reshape(each, (ops.shape(each)[0], -1)) for each in (x, canvas))
        if self.likelihood == "bernoulli":
            return bernoulli_log_probability(x, canvas)
        log_deviation = ops.full_like(canvas, float(np.log(self.deviation)))
        return gaussian_log_probability(x, canvas, log_deviation)

    def mean(self, canvas):
        """What a canvas shows: the mean of the likelihood."""
        return ops.sigmoid(canvas) if self.likelihood == "bernoulli" else canvas

    # === Keras ===

    @property
    def metrics(self):
        own = (
            getattr(self, "reconstruction_tracker", None),
            getattr(self, "divergence_tracker", None),
        )
        return [*super().metrics, *filter(None, own)]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not training:
            y_pred = self(x, training=True)
        reconstruction = -self.log_probability(x, y_pred["canvas"])
        divergence = ops.sum(ops.cast(y_pred["divergence"], reconstruction.dtype), axis=-1)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, reconstruction.dtype)
        self.reconstruction_tracker.update_state(reconstruction, sample_weight)
        self.divergence_tracker.update_state(divergence, sample_weight)
        bound = reconstruction + divergence
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
