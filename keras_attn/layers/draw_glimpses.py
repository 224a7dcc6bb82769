import keras
from keras import ops

from keras_attn.layers.cell_step import lstm_steps
from keras_attn.layers.composite import Composite, unbuilt_config
from keras_attn.layers.dense_step import dense_step
from keras_attn.layers.image_window import channels_last
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAWGlimpses(Composite, keras.layers.Layer):
    """An LSTM that looks at an image several times, and decides where: the reads of DRAW alone.

    `r_t = read(x, h_{t-1})`, `h_t = LSTM(h_{t-1}, r_t)`

    Args:
        reader: a `DRAWRead`, a `WholeImageRead`, or what has their `projection` and `look`.
        units: of the LSTM.
        steps: `T`, glimpses.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        image: in the data format of the reader.
        return_windows: whether the windows are returned too.

    Returns:
        `h_T`, `(batch, units)`; with `return_windows=True` a tuple of it and a dictionary of
        `(batch, steps, ...)`, see `DRAWRead`, empty for a reader of whole images.

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 4.1,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(self, reader, units, steps, **kwargs):
        super().__init__(**kwargs)
        self.reader = reader
        self.units = positive_integer("units", units)
        self.steps = positive_integer("steps", steps)
        self.cell = keras.layers.LSTMCell(self.units, dtype=self.dtype_policy, name="cell")

    def build(self, input_shape):
        state = (input_shape[0], self.units)
        self.reader.build([tuple(input_shape), state])
        _, read_size = self.reader.compute_output_shape([tuple(input_shape), state])
        self.cell.build((input_shape[0], read_size))

    def call(self, image, return_windows=False):
        image = channels_last(image, self.reader.data_format)
        names = []

        def step(_, state):
            if whole is not None:
                return [], think(None, state)
            seen, window = self.reader.look([image], *to_window(state[0]))
            shown = self.reader.described(window) if return_windows else {}
            names[:] = shown
            return list(shown.values()), think(seen, state)

        batch = ops.shape(image)[0]
        # There is nothing to be told from outside; the steps have to be counted all the same.
        ticks = ops.zeros((batch, self.steps, 1), self.compute_dtype)
        first = [ops.zeros((batch, self.units), self.compute_dtype) for _ in range(2)]
        with variables_read_once(self):
            # Who sees the whole image sees the same at every step.
            whole, to_window = None, None
            if self.reader.projection is None:
                whole, _ = self.reader.look([image], None)
            else:
                to_window = dense_step(self.reader.projection, dtype=self.compute_dtype)
            think = lstm_steps(self.cell, whole, self.compute_dtype)
            found, state = over_steps(step, [ticks], first)
        if return_windows:
            return state[0], dict(zip(names, found, strict=True))
        return state[0]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "reader": unbuilt_config(self.reader),
            "units": self.units,
            "steps": self.steps,
        }
