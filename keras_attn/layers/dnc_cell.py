import keras
from keras import ops

from keras_attn.layers.memory_cell import MemoryCell
from keras_attn.ops import (
    allocation_weights,
    content_addressing,
    follow_links,
    interpolate_weights,
    precedence_weights,
    read_memory,
    retention_vector,
    temporal_links,
    usage_vector,
    write_memory,
)


@keras.saving.register_keras_serializable(package="keras_attn")
class DNCCell(MemoryCell):
    """One step of a differentiable neural computer: a controller with a memory that it allocates.

    It knows which locations are free, and in which order they were written.

    `h_t = controller([x_t; r_{t-1}])`, and from one projection of `h_t` all that follows. The write
    head finds free locations by `a_t`, or some by their content, `c^w_t`:
    `w^w_t = g^w (g^a a_t + (1 - g^a) c^w_t)`, `M_t(i) = M_{t-1}(i) (1 - w^w_t(i) e_t) + w^w_t(i)
    v_t`. Each read head goes back to what was written before, looks by content, or goes on to what
    was written after: `w^r_t = π_1 b_t + π_2 c^r_t + π_3 f_t`, `r_t = Σ_i w^r_t(i) M_t(i)`.

    | here | in the paper |
    | --- | --- |
    | `memory_locations`, `memory_width`, `num_read_heads` | `N`, `W`, `R` |
    | output | the controller's `h_t`, and all that was read, `r_t` |
    | `heads` | the projection to the interface vector `ξ`, in its order: `read_key` `k^r`, |
    | | `read_strength` `β^r`, `write_key` `k^w`, `write_strength` `β^w`, `erase` `e`, |
    | | `add` `v`, `free_gate` `f`, `allocation_gate` `g^a`, `write_gate` `g^w`, |
    | | `read_mode` `π`; `β` by oneplus, 1 + softplus, `π` by softmax, `e`, `f` and `g` by |
    | | sigmoid, `k` and `v` as they are |
    | states `usage`, `precedence`, `links` | `u`, `p`, `L` |
    | `keras_attn.ops.retention_vector`, `usage_vector`, `allocation_weights` | `ψ`, `u`, `a` |
    | `keras_attn.ops.precedence_weights`, `temporal_links`, `follow_links` | `p`, `L`; `b`, `f` |

    Convention: the computer writes first, and the heads read the memory of the same step, as
    `NTMCell`'s do not. The paper's output `W_y h_t + W_r r_t` is a `Dense` layer without bias after
    this one. At first nothing is written or read: all weights, usages and links are 0, and of
    equally free locations the first is written first. The links are a state of
    `memory_locations` squared numbers for each example.

    It is a Keras cell: for `keras.layers.RNN`, with masks, `stateful`, `unroll`, `go_backwards`
    and `Bidirectional`. `MemoryRNN` adds the weights of every step, and states that start from the
    initial memory and weights of the cell. A stateful `keras.layers.RNN` starts from the initial
    values at construction, even after weights are loaded, and its `reset_state` writes zeros.

    Args:
        units: of the controller.
        memory_locations, memory_width: of the memory.
        num_read_heads: how many; there is one that writes.
        controller: `"lstm"`, `"gru"` or `"feedforward"`; a Keras cell or layer for recurrent
            networks, or any other layer from vectors to vectors, `units` wide. The paper's deep
            LSTM is a `keras.layers.StackedRNNCells`.
        memory_initializer: of the first memory; 0 everywhere by default.
        learn_memory: whether the first memory is trained.
        clip: the numbers of the interface vector, before their activations, lie in `[-clip,
            clip]`; None for any, as in the paper.
        gradient_clip: the gradients of the states, on their way from a step to the one before, lie
            in `[-gradient_clip, gradient_clip]`; None for any. The default only keeps those of
            long sequences finite; see `keras_attn.ops.clip_gradients` for what a lower one does.
        kernel_initializer, bias_initializer, kernel_regularizer: of the heads.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, features)`.
        states: what `get_initial_state` or the step before returned: the output, the states of the
            controller, and flat for each example the memory, the weights of the heads, the one that
            writes last, the usage, the precedence and the links.

    Returns:
        The output, `(batch, units + num_read_heads * memory_width)`, and the next states.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown controller, one with dropout
            or of another width than `units`, or a limit that is not positive.

    Example:

    >>> cell = keras_attn.DNCCell(16, memory_locations=8, memory_width=4, num_read_heads=2)
    >>> layer = keras.layers.RNN(cell, return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 24)
    True

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory", 2016,
        https://doi.org/10.1038/nature20101
    """

    activations = {
        "read_key": lambda numbers: numbers,
        "read_strength": lambda numbers: 1.0 + ops.softplus(numbers),
        "write_key": lambda numbers: numbers,
        "write_strength": lambda numbers: 1.0 + ops.softplus(numbers),
        "erase": ops.sigmoid,
        "add": lambda numbers: numbers,
        "free_gate": ops.sigmoid,
        "allocation_gate": ops.sigmoid,
        "write_gate": ops.sigmoid,
        "read_mode": lambda numbers: ops.softmax(numbers, axis=-1),
    }
    single = ("read_strength", "write_strength", "free_gate", "allocation_gate", "write_gate")

    def __init__(
        self,
        units,
        memory_locations=128,
        memory_width=20,
        num_read_heads=1,
        controller="lstm",
        memory_initializer="zeros",
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
            memory_initializer,
            learn_memory,
            clip,
            gradient_clip,
            **kwargs,
        )
        reads, width, locations = self.num_read_heads, self.memory_width, self.memory_locations
        self.set_heads(
            1,
            {
                "read_key": (reads, width),
                "read_strength": (reads, 1),
                "write_key": (1, width),
                "write_strength": (1, 1),
                "erase": (1, width),
                "add": (1, width),
                "free_gate": (reads, 1),
                "allocation_gate": (1, 1),
                "write_gate": (1, 1),
                "read_mode": (reads, 3),
            },
            {
                "usage": (locations,),
                "precedence": (locations,),
                "links": (locations, locations),
            },
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
        )

    def call(self, inputs, states):
        found, states, (memory, weights, usage, precedence, links) = self.unpacked(states)
        reads, written = weights[:, :-1], weights[:, -1]
        hidden, states = self.controller(ops.concatenate([inputs, found], axis=-1), states)
        told = self.told(hidden)

        usage = usage_vector(usage, written, retention_vector(told["free_gate"], reads))
        written = self.address_write(told, memory, usage)
        memory = write_memory(memory, written, told["erase"], told["add"])

        links = temporal_links(links, precedence, written[:, 0])
        precedence = precedence_weights(precedence, written[:, 0])
        reads = self.address_read(told, memory, links, reads)
        weights = ops.concatenate([reads, written], axis=1)
        return self.packed(
            hidden,
            read_memory(reads, memory),
            states,
            [memory, weights, usage, precedence, links],
        )

    def address_write(self, told, memory, usage):
        """Computes the write weighting of the head.

        Args:
            told: see the method `told`.
            memory: of the step before, `(batch, memory_locations, memory_width)`.
            usage: of this step, `(batch, memory_locations)`.

        Returns:
            Weights `(batch, 1, memory_locations)`.
        """
        content = content_addressing(told["write_key"], memory, told["write_strength"])
        free = allocation_weights(usage)[:, None]
        weights = interpolate_weights(free, content, told["allocation_gate"])
        return told["write_gate"][..., None] * weights

    def address_read(self, told, memory, links, weights):
        """Computes the read weightings of the heads.

        Args:
            told: see the method `told`.
            memory: of this step, `(batch, memory_locations, memory_width)`.
            links: of this step, `(batch, memory_locations, memory_locations)`.
            weights: of the step before, `(batch, num_read_heads, memory_locations)`.

        Returns:
            Weights like `weights`.
        """
        backward, forward = follow_links(weights, links)
        content = content_addressing(told["read_key"], memory, told["read_strength"])
        mode = told["read_mode"]
        return mode[..., :1] * backward + mode[..., 1:2] * content + mode[..., 2:] * forward
