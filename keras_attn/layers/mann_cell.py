import keras
from keras import ops

from keras_attn.layers.memory_cell import MemoryCell
from keras_attn.ops import (
    content_addressing,
    interpolate_weights,
    least_used_weights,
    precision,
    read_memory,
    write_memory,
)
from keras_attn.ops.checks import check_number


@keras.saving.register_keras_serializable(package="keras_attn")
class MANNCell(MemoryCell):
    """One step of a memory-augmented neural network with least recently used access.

    What is new is written where the memory was not used for longest, or where it was read last.

    `h_t = controller([x_t; r_{t-1}])`, and for each head from one projection of `h_t`
    `w^w_t = σ(α) w^r_{t-1} + (1 - σ(α)) w^lu_{t-1}`, `M_t(i) = M_{t-1}(i) (1 - w^lu_{t-1}(i)) +
    w^w_t(i) k_t`, `w^r_t = softmax_i(cos(k_t, M_t(i)))`, `r_t = Σ_i w^r_t(i) M_t(i)`, and over all
    heads `w^u_t = γ w^u_{t-1} + w^r_t + w^w_t`

    | here | in the paper |
    | --- | --- |
    | output | the controller's `h_t`, and all that was read, `r_t` |
    | `heads` | the projection, after which come: `key` `k` tanh; `gate` `σ(α)` sigmoid |
    | `num_read_heads` | `n`, the number of reads |
    | `usage_decay` | `γ` |
    | state `usage` | `w^u` |
    | `keras_attn.ops.least_used_weights` | `w^lu` |

    Convention: the paper speaks of several reads, but of one write. Here each head writes its own
    key, the first to the least used location, the second to the next, and so on: heads that shared
    their locations would leave equal rows there. All these locations are emptied before. A head
    reads, from the memory of the same step, by the key that it has written. There is no key
    strength: weights lie within a factor `e²` of each other, and in a large memory near to even.
    Ports differ in all of this: some write another vector than the key, and empty one location
    only.

    The choice of the least used locations is one of order, and no gradient goes through the usage.
    At first nothing is read, written or used; of equally used locations the first in memory counts
    as the least used one, so that equal rows of a first memory do not stay equal.

    It is a Keras cell: for `keras.layers.RNN`, with masks, `stateful`, `unroll`, `go_backwards`
    and `Bidirectional`. `MemoryRNN` adds the weights of every step, and states that start from the
    initial memory and weights of the cell. A stateful `keras.layers.RNN` starts from the initial
    values at construction, even after weights are loaded, and its `reset_state` writes zeros.

    Args:
        units: of the controller, 200 in the paper.
        memory_locations, memory_width: of the memory, 128 and 40 in the paper.
        num_read_heads: how many, 4 in the paper; each writes too.
        usage_decay: how much of the usage is left a step later, from 0 to 1.
        controller: `"lstm"`, `"gru"` or `"feedforward"`; a Keras cell or layer for recurrent
            networks, or any other layer from vectors to vectors, `units` wide.
        memory_initializer: of the first memory; 1e-6 everywhere by default.
        learn_memory: whether the first memory is trained.
        clip: the numbers for the heads, before their activations, lie in `[-clip, clip]`; None for
            any.
        gradient_clip: the gradients of the states, on their way from a step to the one before, lie
            in `[-gradient_clip, gradient_clip]`; None for any. The default only keeps those of
            long sequences finite; see `keras_attn.ops.clip_gradients` for what a lower one does.
        kernel_initializer, bias_initializer, kernel_regularizer: of the heads.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, features)`; the paper's are an image and the label of the one before.
        states: what `get_initial_state` or the step before returned: the output, the states of the
            controller, and flat for each example the memory, the weights of the heads, those that
            read first, and the usage.

    Returns:
        The output, `(batch, units + num_read_heads * memory_width)`, and the next states.

    Raises:
        ValueError: for sizes that are no positive integers, more heads than locations, a decay
            outside of [0, 1], an unknown controller, one with dropout or of another width than
            `units`, or a limit that is not positive.

    Example:

    >>> cell = keras_attn.MANNCell(16, memory_locations=8, memory_width=4, num_read_heads=2)
    >>> layer = keras.layers.RNN(cell, return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 24)
    True

    Reference:
        Santoro et al., "One-shot Learning with Memory-Augmented Neural Networks", 2016,
        https://arxiv.org/abs/1605.06065
    """

    activations = {"key": precision.tanh, "gate": ops.sigmoid}
    single = ("gate",)

    def __init__(
        self,
        units,
        memory_locations=128,
        memory_width=40,
        num_read_heads=4,
        usage_decay=0.99,
        controller="lstm",
        memory_initializer=None,
        learn_memory=False,
        clip=20.0,
        gradient_clip=1e4,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(
            units,
            memory_locations,
            memory_width,
            num_read_heads,
            controller,
            keras.initializers.Constant(1e-6) if memory_initializer is None else memory_initializer,
            learn_memory,
            clip,
            gradient_clip,
            **kwargs,
        )
        if self.num_read_heads > self.memory_locations:
            raise ValueError(
                "`num_read_heads` must be at most the number of locations. Received: "
                f"num_read_heads={num_read_heads}, memory_locations={memory_locations}"
            )
        check_number("usage_decay", usage_decay, "be in [0, 1]", lambda value: 0 <= value <= 1)
        self.usage_decay = usage_decay
        self.set_heads(
            self.num_read_heads,
            {"key": (self.num_read_heads, self.memory_width), "gate": (self.num_read_heads, 1)},
            {"usage": (self.memory_locations,)},
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
        )

    def call(self, inputs, states):
        found, states, (memory, weights, usage) = self.unpacked(states)
        hidden, states = self.controller(ops.concatenate([inputs, found], axis=-1), states)
        told = self.told(hidden)

        least = least_used_weights(usage, self.num_read_heads)
        written = interpolate_weights(weights[:, : self.num_read_heads], least, told["gate"])
        emptied = memory * (1.0 - ops.sum(least, axis=1)[..., None])
        memory = write_memory(emptied, written, None, told["add"])

        reads = content_addressing(told["key"], memory, ops.ones_like(told["gate"]))
        weights = ops.concatenate([reads, written], axis=1)
        usage = self.usage_decay * usage + ops.sum(weights, axis=1)
        return self.packed(hidden, read_memory(reads, memory), states, [memory, weights, usage])

    def told(self, hidden):
        """As the other cells give it, with `add`: what is added is the key."""
        told = super().told(hidden)
        return {**told, "add": told["key"]}

    def get_config(self):
        return {**super().get_config(), "usage_decay": self.usage_decay}
