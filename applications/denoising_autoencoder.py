import keras

from keras_attn.applications.autoencoder import Autoencoder
from keras_attn.applications.corruption import Corruption


@keras.saving.register_keras_serializable(package="keras_attn")
class DenoisingAutoencoder(Autoencoder):
    """An autoencoder that is shown spoilt examples, and makes the clean ones of them.

    `x̃ ~ q(x̃ | x)`, `z = f(x̃)`, `x̂ = g(z)`, and the loss compares `x̂` with `x`

    | here | in the paper |
    | --- | --- |
    | `corruption`, `amount` | `q_D(x̃ | x)`, `ν` |
    | code | `y = f_θ(x̃)` |

    It cannot do with a copy, also where its code is larger than an example: it has to know what
    examples look like. Examples are spoilt in training alone.

    Args:
        example_shape: of an example, such as `(28, 28, 1)`.
        units: widths of the layers of the encoder, the code's last; an integer for a code alone.
        corruption: `"masking"` sets numbers to 0, as in the paper, `"salt_and_pepper"` to 0 or 1,
            `"gaussian"` adds normal numbers.
        amount: part of the numbers that is spoilt, in [0, 1]; of `"gaussian"` the deviation.
        seed: of the draws.
        **kwargs: of `Autoencoder`.

    Call arguments and return value: see `Autoencoder`. Train with `fit(x)`.

    Raises:
        ValueError: for an unknown corruption or an amount outside of its range, and see
            `Autoencoder`.

    Example:

    >>> model = keras_attn.applications.DenoisingAutoencoder((6,), units=8, amount=0.5)
    >>> model(np.ones((2, 6))).shape == (2, 6)
    True

    Reference:
        Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders",
        2008, https://doi.org/10.1145/1390156.1390294
    """

    def __init__(
        self,
        example_shape,
        units=(128, 32),
        corruption="masking",
        amount=0.3,
        seed=None,
        **kwargs,
    ):
        dtype = kwargs.get("dtype")
        self.corrupt = Corruption(corruption, amount, seed, dtype=dtype, name="corruption")
        super().__init__(example_shape, units, **kwargs)

    def corrupted(self, x):
        return self.corrupt(x)
