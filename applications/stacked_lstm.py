import keras

from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class StackedLSTM(FunctionalModel):
    """LSTMs above one another that answer with bits: what Neural Turing Machines are held against.

    All that it remembers is in the states of its layers, of a fixed size.

    Args:
        input_channels, output_channels: numbers of a step that come in and go out.
        units: of each layer; in the paper 256 for copying and recall, 512 for repeated copies, 128
            for N-grams and sorting.
        num_layers: LSTMs, 3 in the paper.
        dtype: dtype policy of the layers.
        **kwargs: of `keras.Model`.

    Call arguments:
        inputs: `(batch, steps, input_channels)`.

    Returns:
        Logits `(batch, steps, output_channels)`, float32.

    Raises:
        ValueError: for sizes that are no positive integers.

    Example:

    >>> model = keras_attn.applications.StackedLSTM(9, 8, units=16)
    >>> model(np.zeros((2, 11, 9))).shape == (2, 11, 8)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, table 3, https://arxiv.org/abs/1410.5401
    """

    def __init__(
        self, input_channels, output_channels, units=256, num_layers=3, dtype=None, **kwargs
    ):
        input_channels = positive_integer("input_channels", input_channels)
        output_channels = positive_integer("output_channels", output_channels)
        units = positive_integer("units", units)
        num_layers = positive_integer("num_layers", num_layers)

        # === Functional model ===
        sequences = keras.Input((None, input_channels), name="sequences")
        states = sequences
        for number in range(num_layers):
            lstm = keras.layers.LSTM(
                units, return_sequences=True, dtype=dtype, name=f"lstm_{number}"
            )
            states = with_hoisted_variables(lstm)(states)
        logits = keras.layers.Dense(output_channels, dtype=dtype, name="logits")(states)
        precise = keras.layers.Activation("linear", dtype=float32_policy(dtype), name="precise")(
            logits
        )
        super().__init__(sequences, precise, **kwargs)
