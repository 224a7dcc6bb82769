import keras
from keras import ops

from keras_attn.layers.arguments import check_axes
from keras_attn.layers.composite import Composite
from keras_attn.ops import precision
from keras_attn.ops.checks import positive_integer


@keras.saving.register_keras_serializable(package="keras_attn")
class SentinelLSTMCell(Composite, keras.layers.Layer):
    """An LSTM that also puts out a visual sentinel: what it knows without looking.

    `h_t, m_t = LSTM(x_t, h_{t-1}, m_{t-1})`, `g_t = σ(W_x x_t + W_h h_{t-1})`,
    `s_t = g_t tanh(m_t)`

    | here | in the paper |
    | --- | --- |
    | first, second half of the output | `h_t`, the sentinel `s_t` |
    | states | `[h_t; s_t]` and the memory cell `m_t` |
    | `input_gate_projection`, `state_gate_projection` | `W_x`, `W_h` |

    `AdaptiveAttention` takes the output as its query. It is a Keras cell: for `keras.layers.RNN`,
    and for `AttentionDecoder`.

    Args:
        units: width `d` of `h_t` and of `s_t`; the output is twice as wide.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `[(batch, 2 units), (batch, units)]`.

    Returns:
        The output, `(batch, 2 units)`, and the next states.

    Raises:
        ValueError: if `units` is not a positive integer.

    Example:

    >>> layer = keras.layers.RNN(keras_attn.SentinelLSTMCell(4), return_sequences=True)
    >>> layer(np.ones((2, 3, 5))).shape == (2, 3, 8)
    True

    Reference:
        Lu et al., "Knowing When to Look: Adaptive Attention via a Visual Sentinel for Image
        Captioning", 2017, section 2.3, https://arxiv.org/abs/1612.01887
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = positive_integer("units", units)
        self.state_size = [2 * self.units, self.units]
        self.output_size = 2 * self.units
        self.lstm = keras.layers.LSTMCell(self.units, dtype=self.dtype_policy, name="lstm")
        self.input_gate_projection, self.state_gate_projection = (
            keras.layers.Dense(
                self.units, use_bias=False, dtype=self.dtype_policy, name=f"{name}_gate_projection"
            )
            for name in ("input", "state")
        )

    def build(self, input_shape):
        check_axes("inputs", input_shape, "batch, features")
        self.lstm.build(input_shape)
        self.input_gate_projection.build(input_shape)
        self.state_gate_projection.build((input_shape[0], self.units))

    def call(self, inputs, states, training=None):
        hidden, memory = states[0][:, : self.units], states[1]
        gate = self.input_gate_projection(inputs) + self.state_gate_projection(hidden)
        _, (hidden, memory) = self.lstm(inputs, [hidden, memory], training=training)
        # The dtype policies of the sublayers may differ from that of the cell.
        hidden, memory, gate = (
            ops.cast(each, self.compute_dtype) for each in (hidden, memory, gate)
        )
        output = ops.concatenate([hidden, ops.sigmoid(gate) * precision.tanh(memory)], axis=-1)
        return output, [output, memory]

    def compute_output_shape(self, inputs_shape, states_shape=None):
        batch = inputs_shape[0]
        states = [(batch, size) for size in self.state_size]
        return (batch, self.output_size), states

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]

    def get_build_config(self):
        return None  # the recurrent layer builds its cell, so that weight paths stay the same

    def get_config(self):
        return {**super().get_config(), "units": self.units}
