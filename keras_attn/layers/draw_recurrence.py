import keras
from keras import ops

from keras_attn.layers.composite import Composite, unbuilt_config
from keras_attn.layers.dense_step import apply_dense
from keras_attn.layers.draw_step import DRAWStep
from keras_attn.layers.gaussian_latent import GaussianLatent, checked_likelihood
from keras_attn.layers.image_window import channels_last, from_channels_last
from keras_attn.layers.same_draws import SameDraws
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.latents import gaussian_kl_divergence, gaussian_log_probability
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.random_numbers import normal
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAWRecurrence(Composite, SameDraws, keras.layers.Layer):
    """All steps of DRAW: looks at an image, and paints it on a canvas.

    `x̂_t = x - σ(c_{t-1})`, `r_t = read(x, x̂_t, h_dec_{t-1})`,
    `h_enc_t = RNN_enc(h_enc_{t-1}, [r_t, h_dec_{t-1}])`, `z_t ~ N(μ_t, σ_t²)`,
    `(μ_t, log σ_t) = W h_enc_t`, `h_dec_t = RNN_dec(h_dec_{t-1}, z_t)`,
    `c_t = c_{t-1} + write(h_dec_t)`

    Symbols and arguments: see `keras_attn.applications.DRAW`, which is made of it.

    Args:
        reader: a `DRAWRead`, a `WholeImageRead`, or what has their `projection` and `look`.
        writer: a `DRAWWrite`, a `WholeImageWrite`, or what has their `projection`, `paint` and
            `canvas_shape`, `image_shape` and `data_format`.
        units: of both LSTMs.
        latent_units: of `z_t`.
        steps: `T`.
        likelihood: `"bernoulli"` or `"gaussian"`: whether the error is that of `σ(c)` or of `c`.
        learn_initial_state: whether the first canvas and the first states are learned, or zero.
        seed: of the noise.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        image: in the data format of the writer.
        noise: `(batch, steps, latent_units)`, what `z_t` is made with; by default it is drawn in
            training, and else zeros, so that `z_t` is its mean.

    Returns:
        The last canvas, like `image`, and the divergence of `z_t` from the prior, `(batch, steps)`,
        in nats.
    """

    def __init__(
        self,
        reader,
        writer,
        units,
        latent_units,
        steps,
        likelihood="bernoulli",
        learn_initial_state=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.reader, self.writer = reader, writer
        self.units = positive_integer("units", units)
        self.latent_units = positive_integer("latent_units", latent_units)
        self.steps = positive_integer("steps", steps)
        self.likelihood = checked_likelihood(likelihood)
        self.learn_initial_state = learn_initial_state
        self.seed = seed
        self.data_format = writer.data_format
        self.encoder, self.decoder = (
            keras.layers.LSTMCell(self.units, dtype=self.dtype_policy, name=name)
            for name in ("encoder", "decoder")
        )
        self.latent = GaussianLatent(
            self.latent_units, seed, dtype=self.dtype_policy, name="latent"
        )

    def build(self, input_shape):
        batch = input_shape[0]
        image, state = tuple(input_shape), (batch, self.units)
        self.reader.build([image, image, state])
        self.writer.build(state)
        (_, read_size) = self.reader.compute_output_shape([image, image, state])
        self.encoder.build((batch, read_size + self.units))
        self.decoder.build((batch, self.latent_units))
        self.latent.build(state)
        self.start = {}
        if self.learn_initial_state:
            self.start = {
                name: self.add_weight(shape, initializer="zeros", name=f"first_{name}")
                for name, shape in self.start_shapes().items()
            }

    def start_shapes(self):
        """Shapes of the initial canvas and states of one example, by name."""
        states = (2, self.units)
        canvas = self.writer.canvas_shape
        return {"canvas": canvas, "encoder_state": states, "decoder_state": states}

    def first_state(self, batch):
        """The state before the first step.

        Returns:
            A list: the canvas, `h` and `c` of the encoder, those of the decoder, and what the first
            read is told, unless it reads whole images.
        """
        canvas, encoder, decoder = (
            ops.zeros((batch, *shape), self.compute_dtype)
            + (ops.cast(self.start[name], self.compute_dtype) if self.start else 0.0)
            for name, shape in self.start_shapes().items()
        )
        decoder = [decoder[:, 0], decoder[:, 1]]
        state = [canvas, encoder[:, 0], encoder[:, 1], *decoder]
        if self.reader.projection is not None:
            state.append(apply_dense(self.reader.projection, decoder[0], self.compute_dtype))
        return state

    # === All steps ===

    def call(self, image, noise=None, training=None):
        if tuple(image.shape[1:]) != tuple(self.writer.image_shape):
            raise ValueError(
                f"`image` must be (batch, {', '.join(map(str, self.writer.image_shape))}). "
                f"Received: image.shape={tuple(image.shape)}"
            )
        if noise is None:
            shape = (ops.shape(image)[0], self.steps, self.latent_units)
            noise = (
                normal(shape, self.compute_dtype, self.latent.draws)
                if training
                else ops.zeros(shape, self.compute_dtype)
            )

        def tell(latent, mean, log_stddev, *_):
            return [gaussian_kl_divergence(mean, log_stddev)]

        canvas, (kl_divergence,) = self.run(image, noise, tell)
        return canvas, kl_divergence

    def run(self, image, noise, tell):
        """All steps about an image.

        Args:
            image: in the data format.
            noise: `(batch, steps, latent_units)`.
            tell: from `z_t`, `μ_t`, `log σ_t`, the windows of read and write and the canvas, a list
                of what is kept of a step.

        Returns:
            The last canvas, in the data format, and what was kept, `(batch, steps, ...)`.
        """
        image = channels_last(image, self.data_format)

        def step(slices, state):
            mean, log_stddev, encoder, read = one.infer(state)
            latent = mean + ops.exp(log_stddev) * slices[0]
            state, written = one.paint(latent, encoder, state)
            return tell(latent, mean, log_stddev, read, written, state[0]), state

        noise = ops.cast(noise, self.compute_dtype)
        first = self.first_state(ops.shape(image)[0])
        with variables_read_once(self):
            one = DRAWStep(self, image)
            found, state = over_steps(step, [noise], first)
        return from_channels_last(state[0], self.data_format), found

    def log_ratio(self, image, noise):
        """`log p(z) - log q(z | x)` of one draw of all `z_t`, and the canvas it ends with.

        Returns:
            The last canvas, like `image`, and `(batch,)`, in nats.
        """

        def tell(latent, mean, log_stddev, *_):
            prior = gaussian_log_probability(latent, 0.0 * mean, 0.0 * log_stddev)
            return [prior - gaussian_log_probability(latent, mean, log_stddev)]

        canvas, found = self.run(image, noise, tell)
        return canvas, ops.sum(found[0], axis=1)

    def reconstruct(self, image, noise):
        """Reconstructs an image and returns the canvas of every step.

        Returns:
            A dictionary: `canvas`, `(batch, steps, *image_shape)`; and with attention
            `read_window` and `write_window`, dictionaries of `(batch, steps, ...)`, see `DRAWRead`.
        """
        names = []

        def tell(latent, mean, log_stddev, read, written, canvas):
            told = self.told(canvas, read_window=read, write_window=written)
            names[:] = told
            return list(told.values())

        _, found = self.run(image, noise, tell)
        return _nested(dict(zip(names, found, strict=True)))

    def generate(self, latent):
        """Generates images from latent variables.

        Args:
            latent: `z`, `(batch, steps, latent_units)`, from the prior `N(0, 1)`.

        Returns:
            As `reconstruct`, without what was read.
        """
        names, one = [], DRAWStep(self)

        def step(slices, state):
            state, written = one.paint(slices[0], state[1:3], state)
            told = self.told(state[0], write_window=written)
            names[:] = told
            return list(told.values()), state

        latent = ops.cast(latent, self.compute_dtype)
        first = self.first_state(ops.shape(latent)[0])
        found, _ = over_steps(step, [latent], first)
        return _nested(dict(zip(names, found, strict=True)))

    def told(self, canvas, **windows):
        """A step as `reconstruct` returns it; windows by `(name, part)`."""
        found = {("canvas", None): from_channels_last(canvas, self.data_format)}
        layers = {"read_window": self.reader, "write_window": self.writer}
        for name, window in windows.items():
            if window is not None:
                described = layers[name].described(window)
                found.update({(name, part): value for part, value in described.items()})
        return found

    # === Keras ===

    def compute_output_spec(self, image, noise=None, training=None):
        shape = (image.shape[0], self.steps)
        wide = promote_dtypes(self.compute_dtype, "float32")
        canvas = keras.KerasTensor(tuple(image.shape), self.compute_dtype)
        return canvas, keras.KerasTensor(shape, wide)

    def get_config(self):
        return {
            **super().get_config(),
            "reader": unbuilt_config(self.reader),
            "writer": unbuilt_config(self.writer),
            "units": self.units,
            "latent_units": self.latent_units,
            "steps": self.steps,
            "likelihood": self.likelihood,
            "learn_initial_state": self.learn_initial_state,
            "seed": self.seed,
        }


def _nested(found):
    """From values by `(name, part)` to dictionaries by name, of parts or of one value."""
    nested = {}
    for (name, part), value in found.items():
        if part is None:
            nested[name] = value
        else:
            nested.setdefault(name, {})[part] = value
    return nested
