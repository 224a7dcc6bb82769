import keras
from keras import ops

from keras_attn.layers.cell_step import cell_step
from keras_attn.layers.composite import Composite
from keras_attn.layers.users_layers import build_cell, symbolic_output

# By name, functions of the width and the dtype policy.
NAMED = {
    "lstm": lambda units, dtype: keras.layers.LSTMCell(units, dtype=dtype, name="cell"),
    "gru": lambda units, dtype: keras.layers.GRUCell(units, dtype=dtype, name="cell"),
    "feedforward": lambda units, dtype: keras.layers.Dense(
        units, activation="tanh", dtype=dtype, name="cell"
    ),
}
# Attributes of layers that draw random numbers, unless they are 0.
RANDOM = ("dropout", "recurrent_dropout", "rate", "stddev")


class MemoryController(Composite, keras.layers.Layer):
    """The network of a machine with memory: recurrent or not, called like a cell.

    Args:
        kind: a name in `NAMED`, a Keras cell, a recurrent Keras layer, whose cell is taken, or any
            other layer from vectors to vectors; or the config of a layer.
        units: how wide its output has to be.

    Call arguments:
        inputs: `(batch, features)`.
        states: a flat list of tensors, empty for a network that is not recurrent.

    Returns:
        The output, `(batch, units)`, and the next states, a flat list.

    Raises:
        ValueError: for an unknown name, dropout, or another width.
    """

    def __init__(self, kind, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        if isinstance(kind, dict):
            kind = keras.saving.deserialize_keras_object(kind)
        if isinstance(kind, str) and kind in NAMED:
            self._config, self.cell = kind, NAMED[kind](units, self.dtype_policy)
        elif isinstance(kind, keras.layers.Layer):
            self.cell = getattr(kind, "cell", kind)
            self._config = keras.saving.serialize_keras_object(self.cell)
        else:
            raise ValueError(
                f"`controller` must be one of {tuple(NAMED)}, a Keras cell or a layer. "
                f"Received: controller={kind!r}"
            )
        for layer in self.cell._flatten_layers():
            if any(getattr(layer, name, 0) for name in RANDOM):
                # Its masks are drawn inside of the loop, which not every backend can.
                raise ValueError(f"`controller` must have no dropout. Received: {layer}")
        self.state_size = keras.tree.flatten(getattr(self.cell, "state_size", []))
        if self.state_size:
            self._check_width(getattr(self.cell, "output_size", self.state_size[0]))

    def config(self):
        """`kind`, as it is saved."""
        return dict(self._config) if isinstance(self._config, dict) else self._config

    def build(self, input_shape):
        if self.state_size:
            build_cell("controller", self.cell, input_shape)
        else:
            self._check_width(
                symbolic_output("controller", self.cell, tuple(input_shape)).shape[-1]
            )

    def call(self, inputs, states):
        # A cell of one's own may have a dtype policy of its own.
        if not self.state_size:
            return ops.cast(self.cell(inputs), self.compute_dtype), []
        if keras.tree.is_nested(self.cell.state_size):
            states = keras.tree.pack_sequence_as(self.cell.state_size, states)
        is_float64 = self.cell.compute_dtype == "float64"
        output, states = (
            cell_step(self.cell, inputs, states) if is_float64 else self.cell(inputs, states)
        )
        return ops.cast(output, self.compute_dtype), self._cast(states)

    def get_initial_state(self, batch_size=None):
        if hasattr(self.cell, "get_initial_state"):
            return self._cast(self.cell.get_initial_state(batch_size=batch_size))
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]

    def _cast(self, states):
        return [ops.cast(state, self.compute_dtype) for state in keras.tree.flatten(states)]

    def _check_width(self, width):
        if width != self.units:
            raise ValueError(
                f"`controller` must be `units` wide. Received: units={self.units}, a controller of "
                f"width {width}"
            )
