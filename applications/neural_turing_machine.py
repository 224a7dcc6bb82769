import keras

from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.layers import NTM, NTMCell
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class NeuralTuringMachine(FunctionalModel):
    """A Neural Turing Machine that answers with bits, as the paper trains it on its five tasks.

    `y_t = σ(W [h_t; r_t] + b)`, of which the model gives the logits.

    | here | in the paper |
    | --- | --- |
    | `input_channels`, `output_channels` | sizes of the external input and output |
    | `cell` | the controller with its heads and memory |
    | `logits` | the output layer, before its sigmoid |

    `keras_attn.datasets` has the tasks, `CopyTask` and its kin. The weights of a batch say where an
    answer is due: `fit` heeds them in the loss, and in `weighted_metrics`.

    Args:
        input_channels, output_channels: numbers of a step that come in and go out.
        cell: an `NTMCell`; by default one of 100 units with one head of each kind and a memory of
            128 locations, 20 wide.
        dtype: dtype policy of the layers made here.
        **kwargs: of `keras.Model`.

    Call arguments:
        inputs: `(batch, steps, input_channels)`.

    Returns:
        Logits `(batch, steps, output_channels)`, float32.

    Raises:
        ValueError: for sizes that are no positive integers, or a cell of another kind.

    Example:

    >>> from keras_attn.applications import NeuralTuringMachine
    >>> task = keras_attn.datasets.CopyTask(lengths=3, bits=4, steps_per_epoch=2)
    >>> cell = keras_attn.NTMCell(16, memory_locations=8, memory_width=6)
    >>> model = NeuralTuringMachine(task.input_channels, task.target_channels, cell)
    >>> model.compile(
    ...     "adam",
    ...     keras.losses.BinaryCrossentropy(from_logits=True),
    ...     weighted_metrics=[keras_attn.metrics.BitsPerSequence()],
    ... )
    >>> _ = model.fit(task, verbose=0)
    >>> model.trace(task[0][0])["write_weights"].shape == (16, 8, 1, 8)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, input_channels, output_channels, cell=None, dtype=None, **kwargs):
        input_channels = positive_integer("input_channels", input_channels)
        output_channels = positive_integer("output_channels", output_channels)
        cell = NTMCell(100, dtype=dtype, name="cell") if cell is None else cell

        # === Layers ===
        self.machine = NTM(cell, return_sequences=True, dtype=dtype, name="machine")
        self.logits = keras.layers.Dense(output_channels, dtype=dtype, name="logits")
        self.precise = keras.layers.Activation(
            "linear", dtype=float32_policy(dtype), name="precise"
        )

        # === Functional model ===
        sequences = keras.Input((None, input_channels), name="sequences")
        logits = self.precise(self.logits(self.machine(sequences)))
        super().__init__(sequences, logits, **kwargs)

    def trace(self, inputs):
        """Records the outputs of the heads at every step.

        Args:
            inputs: like those of the call.

        Returns:
            What the method `trace` of `NTM` gives, and `logits`, those of the call.
        """
        trace = self.machine.trace(inputs)
        return {**trace, "logits": self.precise(self.logits(trace["output"]))}
