import math

import keras

from keras_attn.applications.arrays import float_array
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.mirrored import (
    check_shape,
    check_units,
    dense_stack,
    through,
)
from keras_attn.applications.own_loss import InputsAsTargets
from keras_attn.applications.sparsity_penalty import SparsityPenalty
from keras_attn.ops.checks import check_number
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class Autoencoder(InputsAsTargets, FunctionalModel):
    """Tells an example in a few numbers, its code, and makes it again of them.

    `h_1 = f(W_1 x + b_1)`, ..., code `z = g(W_n h_{n-1} + b_n)`, and back the same widths in the
    other order, `x̂ = o(W'_1 h'_1 + b'_1)`

    | here | in the lectures |
    | --- | --- |
    | one number in `units` | a shallow autoencoder; several, a deep one, mirrored |
    | last of `units` less than the numbers of `x` | undercomplete; more than them, overcomplete |
    | `activation`, `code_activation`, `output_activation` | `f`, `g`, `o` |
    | `sparsity` | weight of the L1 norm of `z`, which an overcomplete one needs |

    A linear one, `activation=None, output_activation=None`, trained with the mean squared error on
    centred examples, spans with its code the subspace of the first principal components.

    Args:
        example_shape: of an example, such as `(28, 28, 1)`.
        units: widths of the layers of the encoder, the code's last; an integer for a code alone.
        activation: of the layers between.
        code_activation: of the code.
        output_activation: `"sigmoid"` for examples in [0, 1], None for any.
        sparsity: weight of the L1 norm of a code in the loss, a mean over the examples.
        dtype: dtype policy of the layers.
        **kwargs: of `keras.Model`.

    Call arguments:
        x: `(batch, *example_shape)`.

    Returns:
        `x̂`, of the shape of `x`, float32. Train with `fit(x)`: the targets default to the inputs.

    Raises:
        ValueError: for sizes that are no positive integers, or a negative sparsity.

    Example:

    >>> model = keras_attn.applications.Autoencoder((8, 8, 1), units=(16, 4))
    >>> model(np.zeros((2, 8, 8, 1))).shape == (2, 8, 8, 1)
    True
    >>> code = model.encode(np.zeros((2, 8, 8, 1)))
    >>> code.shape, model.decode(code).shape
    ((2, 4), (2, 8, 8, 1))

    Reference:
        Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006,
        https://doi.org/10.1126/science.1127647; for the linear one: Baldi and Hornik, "Neural
        Networks and Principal Component Analysis", 1989
    """

    output_name = "reconstruction"

    def __init__(
        self,
        example_shape,
        units=(128, 32),
        activation="relu",
        code_activation=None,
        output_activation="sigmoid",
        sparsity=0.0,
        dtype=None,
        **kwargs,
    ):
        self.example_shape = example_shape = check_shape(example_shape)
        check_number("sparsity", sparsity, "not be negative", lambda value: 0 <= value < math.inf)
        self.units = units = check_units(units)

        # === Layers ===
        between = units[:-1]
        between_them = [activation] * len(between)
        self.encoder = dense_stack(units, [*between_them, code_activation], dtype, "encoder")
        self.decoder = dense_stack(
            [*reversed(between), math.prod(example_shape)],
            [*between_them, output_activation],
            dtype,
            "decoder",
        )
        self.penalty = SparsityPenalty(sparsity, dtype=dtype, name="penalty") if sparsity else None
        self.flatten = keras.layers.Flatten(dtype=dtype, name="flatten")
        self.unflatten = keras.layers.Reshape(
            example_shape, dtype=float32_policy(dtype), name="unflatten"
        )

        # === Functional model ===
        x = keras.Input(example_shape, name="x")
        outputs = self._decoded(self._encoded(self.corrupted(x)))
        super().__init__(x, outputs, **kwargs)

    def corrupted(self, x):
        """Returns the corrupted examples that the encoder receives in training."""
        return x

    def encode(self, x, batch_size=256):
        """The codes of examples.

        Args:
            x: an array `(batch, *example_shape)`.
            batch_size: examples at a time.

        Returns:
            A NumPy array `(batch, units[-1])`.
        """
        return self._compiled("encode", self._encoded, batch_size, float_array("x", x))

    def decode(self, code, batch_size=256):
        """Reconstructs examples from codes.

        Args:
            code: an array `(batch, units[-1])`.
            batch_size: codes at a time.

        Returns:
            A NumPy array `(batch, *example_shape)`.
        """
        return self._compiled("decode", self._decoded, batch_size, float_array("code", code))

    # === Keras ===

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if sample_weight is not None and self.sparsity:
            raise ValueError(
                "`sample_weight` must be None if `sparsity` is positive: the sparsity penalty "
                "weights all codes equally. "
                f"Received: sparsity={self.sparsity}"
            )
        return super().compute_loss(x, x if y is None else y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, x if y is None else y, y_pred, sample_weight)

    # === Helpers ===

    def _encoded(self, x):
        code = through(self.encoder, self.flatten(x))
        return code if self.penalty is None else self.penalty(code)

    def _decoded(self, code):
        return self.unflatten(through(self.decoder, code))
