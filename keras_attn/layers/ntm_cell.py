import math

import keras
from keras import ops

from keras_attn.layers.memory_cell import MemoryCell
from keras_attn.ops import (
    address_memory,
    content_addressing,
    kernels,
    precision,
    read_memory,
    sharpen_weights,
    shift_weights,
    write_memory,
)
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import as_float32

ADDRESSING = ("content_and_location", "content", "location")
FIRST_WEIGHT = 0.99  # of the first location, before anything is learned


@keras.saving.register_keras_serializable(package="keras_attn")
class NTMCell(MemoryCell):
    """One step of a Neural Turing Machine: a controller with a memory that it reads and writes.

    `h_t = controller([x_t; r_{t-1}])`, and for each head from one projection of `h_t`
    `w^c = softmax_i(β cos(k, M(i)))`, `w^g = g w^c + (1 - g) w_{t-1}`,
    `w̃(i) = Σ_j w^g(j) s(i - j)`, `w_t(i) ∝ w̃(i)^γ`; then `r_t = Σ_i w_t(i) M_{t-1}(i)` and
    `M_t(i) = M_{t-1}(i) (1 - w_t(i) e_t) + w_t(i) a_t`

    | here | in the paper |
    | --- | --- |
    | `memory_locations`, `memory_width` | `N`, `M` |
    | output | the controller's `h_t`, and all that was read, `r_t` |
    | `heads` | the projection, after which come: `k`, `a` tanh; `g`, `e` sigmoid; `s` softmax; |
    | | `β` softplus; `γ` 1 + softplus |
    | `shift_range` | `s` has `2 shift_range + 1` numbers, from lower to higher locations |

    Convention: all heads read the memory as the step before has left it, and what is written is
    seen by the next step. All writing heads erase before any adds. `keras_attn.ops.shift_weights`
    says which way a shift goes. A memory of equal rows and equal first weights would stay so for
    ever. The first weights are learned, and begin with all heads at the first location: a head
    that begins everywhere writes its first vector everywhere, and copying is learned late.

    It is a Keras cell: for `keras.layers.RNN`, with masks, `stateful`, `unroll`, `go_backwards`
    and `Bidirectional`. `NTM` adds the weights of every step, and states that start from the
    initial memory and weights of the cell. A stateful `keras.layers.RNN` starts from the initial
    values at construction, even after weights are loaded, and its `reset_state` writes zeros.

    Args:
        units: of the controller.
        memory_locations, memory_width: of the memory, 128 and 20 in the paper.
        num_read_heads, num_write_heads: how many of each.
        shift_range: locations that a head can move by in one step.
        controller: `"lstm"`, `"gru"` or `"feedforward"`; a Keras cell or layer for recurrent
            networks, or any other layer from vectors to vectors, `units` wide.
        addressing: `"content_and_location"`, `"content"` (`w = w^c`) or `"location"` (`w^g =
            w_{t-1}`).
        memory_initializer: of the first memory; 1e-6 everywhere by default.
        learn_memory: whether the first memory is trained.
        weights_initializer: of the first weights, before the softmax that makes them; by default
            they are 0.99 at the first location.
        clip: the numbers for the heads, before their activations, lie in `[-clip, clip]`; None for
            any.
        gradient_clip: the gradients of the states, on their way from a step to the one before, lie
            in `[-gradient_clip, gradient_clip]`; None for any. The default only keeps those of
            long sequences finite; see `keras_attn.ops.clip_gradients` for what a lower one does.
        kernel_initializer, bias_initializer, kernel_regularizer: of the heads.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, features)`.
        states: what `get_initial_state` or the step before returned: the output, the states of the
            controller, the memory `(batch, memory_locations * memory_width)` and the weights of the
            heads, those that read first, `(batch, heads * memory_locations)`.

    Returns:
        The output, `(batch, units + num_read_heads * memory_width)`, and the next states.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown addressing or controller,
            a controller with dropout or of another width than `units`, a limit that is not
            positive, or more shifts than locations where the addressing shifts.

    Example:

    >>> cell = keras_attn.NTMCell(16, memory_locations=8, memory_width=4)
    >>> layer = keras.layers.RNN(cell, return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 20)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, https://arxiv.org/abs/1410.5401; for the
        first memory and the clipping: Collier and Beel, "Implementing Neural Turing Machines",
        2018, https://arxiv.org/abs/1807.08518
    """

    activations = {
        "key": precision.tanh,
        "strength": ops.softplus,
        "gate": ops.sigmoid,
        "shift": lambda numbers: ops.softmax(numbers, axis=-1),
        "sharpening": lambda numbers: 1.0 + ops.softplus(numbers),
        "erase": ops.sigmoid,
        "add": precision.tanh,
    }
    single = ("strength", "gate", "sharpening")

    def __init__(
        self,
        units,
        memory_locations=128,
        memory_width=20,
        num_read_heads=1,
        num_write_heads=1,
        shift_range=1,
        controller="lstm",
        addressing="content_and_location",
        memory_initializer=None,
        learn_memory=False,
        weights_initializer=None,
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
        self.num_write_heads = positive_integer("num_write_heads", num_write_heads)
        self.shift_range = positive_integer("shift_range", shift_range)
        if addressing not in ADDRESSING:
            raise ValueError(
                f"`addressing` must be one of {ADDRESSING}. Received: addressing={addressing!r}"
            )
        if addressing != "content" and 2 * self.shift_range + 1 > self.memory_locations:
            raise ValueError(
                "`shift_range` must leave no more shifts than there are locations. Received: "
                f"shift_range={shift_range}, memory_locations={memory_locations}"
            )
        self.addressing = addressing
        self.weights_initializer = keras.initializers.get(weights_initializer)
        self.set_heads(
            self.num_write_heads,
            self._told(),
            {},
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
        )

    def _told(self):
        """Parameter name → (number of heads, width), in the order of the projection."""
        every, width = self.num_read_heads + self.num_write_heads, self.memory_width
        content = {"key": (every, width), "strength": (every, 1)}
        location = {"shift": (every, 2 * self.shift_range + 1), "sharpening": (every, 1)}
        parts = {
            "content_and_location": {**content, "gate": (every, 1), **location},
            "content": content,
            "location": location,
        }[self.addressing]
        return {
            **parts,
            "erase": (self.num_write_heads, width),
            "add": (self.num_write_heads, width),
        }

    # === One step ===

    def call(self, inputs, states):
        found, states, (memory, weights) = self.unpacked(states)
        hidden, states = self.controller(ops.concatenate([inputs, found], axis=-1), states)
        found, memory, weights = self.use(self.numbers(hidden), memory, weights)
        return self.packed(hidden, found, states, [memory, weights])

    def use(self, numbers, memory, weights):
        """Finds, reads and writes.

        Args:
            numbers: what the method of this name gives.
            memory: `(batch, memory_locations, memory_width)`.
            weights: of the step before, `(batch, heads, memory_locations)`.

        Returns:
            What was read, `(batch, num_read_heads, memory_width)`, the memory and the weights
            after.
        """
        kernel = kernels.load("use_memory")
        if kernel and self.addressing == "content_and_location" and self._as_it_is():
            return kernel(numbers, memory, weights, self.parts, self.num_read_heads)
        told = self.from_numbers(numbers)
        weights = self.address(told, memory, weights)
        found = read_memory(weights[:, : self.num_read_heads], memory)
        written = weights[:, self.num_read_heads :]
        return found, write_memory(memory, written, told["erase"], told["add"]), weights

    def _as_it_is(self):
        """True if no subclass overrides a method that the fused kernel replaces."""
        names = ("activations", "single", "from_numbers", "address")
        return all(getattr(type(self), name) is getattr(NTMCell, name) for name in names)

    def address(self, told, memory, weights):
        """Computes the weightings of the heads.

        Args:
            told: see the method `told`.
            memory: `(batch, memory_locations, memory_width)`.
            weights: of the step before, `(batch, heads, memory_locations)`.

        Returns:
            Weights like `weights`.
        """
        told = {name: each for name, each in told.items() if name not in ("erase", "add")}
        if self.addressing == "content":
            return content_addressing(memory=memory, **told)
        if self.addressing == "location":
            return sharpen_weights(shift_weights(weights, told["shift"]), told["sharpening"])
        return address_memory(memory=memory, previous=weights, **told)

    # === Keras ===

    def build(self, input_shape):
        super().build(input_shape)
        self.first_weights = self.add_weight(
            (self.num_read_heads + self.num_write_heads, self.memory_locations),
            initializer=self.weights_initializer or _at_the_first_location,
            name="first_weights",
        )

    def first_states(self):
        weights = ops.softmax(as_float32(self.first_weights))
        return [ops.cast(weights, self.compute_dtype)]

    def get_config(self):
        return {
            **super().get_config(),
            "num_write_heads": self.num_write_heads,
            "shift_range": self.shift_range,
            "addressing": self.addressing,
            "weights_initializer": keras.initializers.serialize(self.weights_initializer),
        }


def _at_the_first_location(shape, dtype=None):
    """Logits of weights that are nearly 1 at the first location, whatever the number of others."""
    peak = math.log(FIRST_WEIGHT / (1.0 - FIRST_WEIGHT) * max(shape[1] - 1, 1))
    # A sum, as a broadcast one cannot be written on torch.
    return ops.zeros(shape, dtype=dtype) + peak * ops.one_hot(0, shape[1], dtype=dtype)
