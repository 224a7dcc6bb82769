import keras

from keras_attn.layers.memory_rnn import MemoryRNN
from keras_attn.layers.ntm_cell import NTMCell


@keras.saving.register_keras_serializable(package="keras_attn")
class NTM(MemoryRNN):
    """A Neural Turing Machine: the `MemoryRNN` around an `NTMCell`.

    Args:
        cell: an `NTMCell`.
        **kwargs: of `keras.layers.RNN`: `return_sequences`, `return_state`, `stateful`,
            `go_backwards`, `unroll`, `zero_output_for_mask`.

    Call arguments, and what is returned: see `keras.layers.RNN`.

    Raises:
        ValueError: for a cell of another kind.

    Example:

    >>> layer = keras_attn.NTM(keras_attn.NTMCell(16, 8, 4), return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 20)
    True
    >>> layer.trace(np.ones((2, 5, 3)))["read_weights"].shape == (2, 5, 1, 8)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, https://arxiv.org/abs/1410.5401
    """

    kind = NTMCell
