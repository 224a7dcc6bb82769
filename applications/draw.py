import keras
import numpy as np

from keras_attn.applications.arrays import float_array
from keras_attn.applications.variational_model import VariationalModel
from keras_attn.layers import DRAWRead, DRAWWrite, WholeImageRead, WholeImageWrite
from keras_attn.layers.draw_recurrence import DRAWRecurrence
from keras_attn.layers.image_window import (
    ImageWindow,
    checked_data_format,
    checked_patch,
    image_shape_argument,
)
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import as_float32, float32_policy

# Of a pixel that is never set: it may be, after all.
LEAST_CHANCE = 1e-3


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAW(VariationalModel):
    """Paints images step by step, looking and painting through windows that it moves: DRAW.

    `x̂_t = x - σ(c_{t-1})`, `r_t = read(x, x̂_t, h_dec_{t-1})`,
    `h_enc_t = RNN_enc(h_enc_{t-1}, [r_t, h_dec_{t-1}])`, `z_t ~ Q(Z_t | h_enc_t)`,
    `h_dec_t = RNN_dec(h_dec_{t-1}, z_t)`, `c_t = c_{t-1} + write(h_dec_t)`,
    `L = -log D(x | c_T) + Σ_t D_KL(Q(Z_t | h_enc_t) || P(Z_t))`

    | here | in the paper |
    | --- | --- |
    | `image` | `x` |
    | `canvas` | `c_T`, before the sigmoid |
    | `steps` | `T`, glimpses |
    | `units` | of `RNN_enc` and `RNN_dec`, both LSTMs |
    | `latent_units` | numbers of `z_t` |
    | `read_size`, `write_size` | `N` of `read` and of `write`; see `DRAWRead`, `DRAWWrite` |
    | `kl_divergence` | the terms of `L_z`, by step |

    It trains on images alone, `compile(optimizer)` and `fit(images)`: the loss is the bound `L`, in
    nats for an image.

    Args:
        image_shape: `(height, width, channels)`, or with the channels first.
        steps: `T`; 64 for the paper's digits.
        units: 256 for the paper's digits.
        latent_units: 100 for the paper's digits.
        read_size, write_size: filters in each direction, 2 and 5 for the paper's digits; None for
            DRAW without attention, which reads or writes the whole image.
        likelihood: `"bernoulli"` for images in [0, 1], `"gaussian"` for any.
        stddev: of the Gaussian likelihood, `σ` of every pixel.
        beta: Non-negative float, weight `β` of the KL divergence in the loss, as in the β-VAE. A
            callback can set the attribute `beta` at the start of an epoch.
        learn_initial_state: whether the first canvas and the first states of the LSTMs are
            learned, as in the paper, or zero.
        padding_mode: `"border"` or `"zeros"`, what filters outside of the image see and paint.
        data_format: of images, by default that of Keras.
        seed: of the noise.
        dtype: dtype policy of the layers.
        **kwargs: of `keras.Model`.

    Call arguments:
        image: `(batch, *image_shape)`.

    Returns:
        A dictionary of `canvas`, `(batch, *image_shape)`, logits of the pixels or their means, and
        `kl_divergence`, `(batch, steps)`, in nats.

    Raises:
        ValueError: for sizes that are no positive integers, an image shape of another rank, patches
            larger than the image, an unknown likelihood, or a deviation that is not positive; when
            it is trained with the Bernoulli likelihood on numbers outside of [0, 1].

    Example:

    >>> model = keras_attn.applications.DRAW((8, 8, 1), steps=3, units=8, latent_units=4)
    >>> model.compile("adam")
    >>> history = model.fit(np.zeros((4, 8, 8, 1)), verbose=0)
    >>> sorted(history.history)
    ['kl_divergence', 'loss', 'reconstruction']
    >>> painted = model.generate(2)
    >>> painted["images"].shape, painted["write_window"]["box"].shape
    ((2, 3, 8, 8, 1), (2, 3, 4))

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(
        self,
        image_shape,
        steps=10,
        units=256,
        latent_units=100,
        read_size=2,
        write_size=5,
        likelihood="bernoulli",
        stddev=1.0,
        beta=1.0,
        learn_initial_state=True,
        padding_mode="border",
        data_format=None,
        seed=None,
        dtype=None,
        **kwargs,
    ):
        self.image_shape = image_shape = image_shape_argument(image_shape)
        data_format = checked_data_format(data_format)
        for name, size in (("read_size", read_size), ("write_size", write_size)):
            checked_patch(name, size, image_shape, data_format)
        options = {"data_format": data_format, "dtype": dtype}
        windows = {"padding_mode": padding_mode, **options}
        reader = (
            DRAWRead(read_size, name="read", **windows)
            if read_size
            else WholeImageRead(name="read", **options)
        )
        writer = (
            DRAWWrite(write_size, image_shape, name="write", **windows)
            if write_size
            else WholeImageWrite(image_shape, name="write", **options)
        )

        # === Layers ===
        self.recurrence = DRAWRecurrence(
            reader, writer, units, latent_units, steps, likelihood, learn_initial_state, seed,
            dtype=dtype, name="recurrence",
        )  # fmt: skip

        # === Functional model ===
        image = keras.Input(image_shape, name="image")
        canvas, kl_divergence = self.recurrence(image)
        precise = keras.layers.Activation("linear", dtype=float32_policy(dtype), name="precise")
        outputs = {"canvas": precise(canvas), "kl_divergence": kl_divergence}
        super().__init__(
            image,
            outputs,
            likelihood,
            stddev,
            beta,
            (steps, latent_units),
            **kwargs,
        )

    def initialize_from(self, images):
        """Sets where training starts: the first canvas is the mean of images, windows see it whole.

        Training need not paint first what all images have in common, their background. And it need
        not find the image first: of the paper's windows of a pixel's blur, which the weights start
        with, little is seen, and learning is late.

        Args:
            images: `(batch, *image_shape)`, all of the training, or a good part.

        Raises:
            ValueError: for images of another shape or none, or with `learn_initial_state=False`.
        """
        images = float_array("images", images)
        if images.shape[1:] != tuple(self.image_shape) or not len(images):
            raise ValueError(
                f"`images` must be (batch, {', '.join(map(str, self.image_shape))}), one at least. "
                f"Received: images.shape={images.shape}"
            )
        if not self.learn_initial_state:
            raise ValueError(
                "`initialize_from` needs `learn_initial_state=True`. "
                "Received: learn_initial_state=False"
            )
        mean = images.mean(axis=0, dtype="float64")
        if self.data_format == "channels_first":
            mean = np.moveaxis(mean, 0, -1)
        if self.likelihood == "bernoulli":
            mean = np.clip(mean, LEAST_CHANCE, 1.0 - LEAST_CHANCE)
            mean = np.log(mean / (1.0 - mean))
        self.recurrence.start["canvas"].assign(mean)
        for window in (self.recurrence.reader, self.recurrence.writer):
            if isinstance(window, ImageWindow):
                window.initialize_to_full_image(mean.shape[:2])

    def generate(self, num_images=1, latent=None, batch_size=64, seed=None):
        """Images from the prior, as they come to be.

        Args:
            num_images: how many; not asked where `latent` is given.
            latent: `z`, `(batch, steps, latent_units)`, by default drawn from `N(0, 1)`.
            batch_size: images at a time.
            seed: an integer, for the same images again.

        Returns:
            A dictionary of NumPy arrays: `images`, `(num_images, steps, *image_shape)`, the mean of
            the pixels at each step, the last of which is what was painted; with attention
            `write_window`, a dictionary of `(num_images, steps, ...)`, see `DRAWRead`.

        Raises:
            ValueError: for a number that is not a positive integer, or `latent` of another shape.
        """
        count = positive_integer("num_images", num_images) if latent is None else len(latent)
        latent = self.drawn("latent", latent, count, seed)
        return self._compiled("generate", self._generated, batch_size, latent)

    def reconstruct(self, images, noise=None, batch_size=64, seed=None):
        """Images as it paints them again, and where it looked and painted.

        Args:
            images: `(batch, *image_shape)`.
            noise: `(batch, steps, latent_units)`, by default drawn.
            batch_size: images at a time.
            seed: an integer, for the same noise again.

        Returns:
            As `generate`, with attention also `read_window`.

        Raises:
            ValueError: for `noise` of another shape.
        """
        images = float_array("images", images)
        noise = self.drawn("noise", noise, len(images), seed)
        return self._compiled("reconstruct", self._reconstructed, batch_size, images, noise)

    # === Parts of these ===

    def _generated(self, latent):
        return self._painted(self.recurrence.generate(latent))

    def _reconstructed(self, image, noise):
        return self._painted(self.recurrence.reconstruct(image, noise))

    def _painted(self, found):
        found["images"] = self.mean(as_float32(found.pop("canvas")))
        return found

    def log_ratio(self, x, noise):
        return self.recurrence.log_ratio(x, noise)
