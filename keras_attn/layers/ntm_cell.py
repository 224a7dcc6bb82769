import keras
from keras import ops

from keras_attn.layers.arguments import positive_integer
from keras_attn.layers.memory_controller import MemoryController
from keras_attn.ops import (
    content_addressing,
    interpolate_weights,
    read_memory,
    sharpen_weights,
    shift_weights,
    write_memory,
)

ADDRESSING = ("content_and_location", "content", "location")


@keras.saving.register_keras_serializable(package="keras_attn")
class NTMCell(keras.layers.Layer):
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
    ever: the first weights are learned, from a random start.

    It is a Keras cell: for `keras.layers.RNN`, with masks, `stateful`, `unroll`, `go_backwards`
    and `Bidirectional`. `NTM` is that layer with what it lacks, the weights of every step.

    Args:
        units: of the controller.
        memory_locations, memory_width: of the memory, 128 and 20 in the paper.
        read_heads, write_heads: how many of each.
        shift_range: locations that a head can move by in one step.
        controller: `"lstm"`, `"gru"` or `"feedforward"`; a Keras cell or layer for recurrent
            networks, or any other layer from vectors to vectors, `units` wide.
        addressing: `"content_and_location"`, `"content"` (`w = w^c`) or `"location"` (`w^g =
            w_{t-1}`).
        memory_initializer: of the first memory; 1e-6 everywhere by default.
        learn_memory: whether the first memory is trained.
        clip: the numbers for the heads, before their activations, lie in `[-clip, clip]`; None for
            any.
        kernel_initializer, bias_initializer, kernel_regularizer: of the heads.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, features)`.
        states: what `get_initial_state` or the step before returned: the output, the states of the
            controller, the memory `(batch, memory_locations * memory_width)` and the weights of the
            heads, those that read first, `(batch, heads * memory_locations)`.

    Returns:
        The output, `(batch, units + read_heads * memory_width)`, and the next states.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown addressing or controller,
            a controller with dropout or of another width than `units`, more shifts than locations,
            or a `clip` that is not positive.

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

    def __init__(
        self,
        units,
        memory_locations=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        controller="lstm",
        addressing="content_and_location",
        memory_initializer=None,
        learn_memory=False,
        clip=20.0,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = positive_integer("units", units)
        self.memory_locations = positive_integer("memory_locations", memory_locations)
        self.memory_width = positive_integer("memory_width", memory_width)
        self.read_heads = positive_integer("read_heads", read_heads)
        self.write_heads = positive_integer("write_heads", write_heads)
        self.shift_range = positive_integer("shift_range", shift_range)
        if 2 * self.shift_range + 1 > self.memory_locations:
            raise ValueError(
                "`shift_range` must leave no more shifts than there are locations. Received: "
                f"shift_range={shift_range}, memory_locations={memory_locations}"
            )
        if addressing not in ADDRESSING:
            raise ValueError(
                f"`addressing` must be one of {ADDRESSING}. Received: addressing={addressing!r}"
            )
        if clip is not None and not clip > 0:
            raise ValueError(f"`clip` must be positive, or None. Received: clip={clip}")
        self.addressing = addressing
        self.memory_initializer = keras.initializers.get(
            keras.initializers.Constant(1e-6) if memory_initializer is None else memory_initializer
        )
        self.learn_memory = learn_memory
        self.clip = clip
        self.controller = MemoryController(
            controller, self.units, dtype=self.dtype_policy, name="controller"
        )
        self.parts = self._parts()
        self.heads = keras.layers.Dense(
            sum(count * width for count, width in self.parts.values()),
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            dtype=self.dtype_policy,
            name="heads",
        )
        every = self.read_heads + self.write_heads
        self.output_size = self.units + self.read_heads * self.memory_width
        # The output comes first: where a step is masked, some backends take the first state for it.
        # All are flat: of a state of rank 3 they take the batch for the steps.
        self.state_size = [
            self.output_size,
            *self.controller.state_size,
            self.memory_locations * self.memory_width,
            every * self.memory_locations,
        ]

    def _parts(self):
        """What the heads are told: how many are, and how many numbers each, in the order of the
        projection."""
        every, width = self.read_heads + self.write_heads, self.memory_width
        content = {"key": (every, width), "strength": (every, 1)}
        location = {"shift": (every, 2 * self.shift_range + 1), "sharpening": (every, 1)}
        parts = {
            "content_and_location": {**content, "gate": (every, 1), **location},
            "content": content,
            "location": location,
        }[self.addressing]
        return {**parts, "erase": (self.write_heads, width), "add": (self.write_heads, width)}

    # === One step ===

    def call(self, inputs, states):
        output, *states, memory, weights = states
        rows = self.memory_locations
        memory = ops.reshape(memory, (-1, rows, self.memory_width))
        weights = ops.reshape(weights, (-1, self.read_heads + self.write_heads, rows))
        seen = ops.concatenate([inputs, output[:, self.units :]], axis=-1)
        hidden, states = self.controller(seen, states)
        told = self.told(hidden)
        weights = self.address(told, memory, weights)
        found = read_memory(weights[:, : self.read_heads], memory)
        written = weights[:, self.read_heads :]
        memory = write_memory(memory, written, told["erase"], told["add"])
        found = ops.reshape(found, (-1, self.read_heads * self.memory_width))
        output = ops.concatenate([hidden, found], axis=-1)
        flat = [
            ops.reshape(each, (-1, size))
            for each, size in zip((memory, weights), self.state_size[-2:], strict=True)
        ]
        return output, [output, *states, *flat]

    def told(self, hidden):
        """What the heads are told at this step.

        Args:
            hidden: the output of the controller, `(batch, units)`.

        Returns:
            By name `key`, `shift`, `erase` and `add`, `(batch, heads, width)`, and `strength`,
            `gate` and `sharpening`, `(batch, heads)`: those that the addressing has.
        """
        numbers = self.heads(hidden)
        if self.clip is not None:
            numbers = ops.clip(numbers, -self.clip, self.clip)
        told, first = {}, 0
        for name, (count, width) in self.parts.items():
            part = numbers[:, first : first + count * width]
            first += count * width
            part = part if name in SINGLE else ops.reshape(part, (-1, count, width))
            told[name] = ACTIVATIONS[name](part)
        return told

    def address(self, told, memory, weights):
        """Where the heads look.

        Args:
            told: see the method `told`.
            memory: `(batch, memory_locations, memory_width)`.
            weights: of the step before, `(batch, heads, memory_locations)`.

        Returns:
            Weights like `weights`.
        """
        if self.addressing != "location":
            found = content_addressing(told["key"], memory, told["strength"])
            if self.addressing == "content":
                return found
            weights = interpolate_weights(found, weights, told["gate"])
        return sharpen_weights(shift_weights(weights, told["shift"]), told["sharpening"])

    # === Keras ===

    def build(self, input_shape):
        batch, features = input_shape
        self.controller.build((batch, features + self.read_heads * self.memory_width))
        self.heads.build((batch, self.units))
        self.first_memory = self.add_weight(
            (self.memory_locations, self.memory_width),
            initializer=self.memory_initializer,
            trainable=self.learn_memory,
            name="first_memory",
        )
        self.first_weights = self.add_weight(
            (self.read_heads + self.write_heads, self.memory_locations),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="first_weights",
        )

    def get_initial_state(self, batch_size=None):
        memory = ops.cast(self.first_memory, self.compute_dtype)
        weights = ops.softmax(ops.cast(self.first_weights, "float32"))
        weights = ops.cast(weights, self.compute_dtype)
        found = ops.reshape(ops.matmul(weights[: self.read_heads], memory), (-1,))
        output = ops.concatenate([ops.zeros((self.units,), self.compute_dtype), found])
        every = [ops.reshape(each, (-1,)) for each in (output, memory, weights)]
        # Each state has a storage of its own: that of a broadcast one cannot be written on torch.
        output, memory, weights = (
            ops.zeros((batch_size, each.shape[0]), self.compute_dtype) + each for each in every
        )
        return [output, *self.controller.get_initial_state(batch_size), memory, weights]

    def compute_output_shape(self, input_shape, states_shape=None):
        states = [(input_shape[0], size) for size in self.state_size]
        return (input_shape[0], self.output_size), states

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "memory_locations": self.memory_locations,
            "memory_width": self.memory_width,
            "read_heads": self.read_heads,
            "write_heads": self.write_heads,
            "shift_range": self.shift_range,
            "controller": self.controller.config(),
            "addressing": self.addressing,
            "memory_initializer": keras.initializers.serialize(self.memory_initializer),
            "learn_memory": self.learn_memory,
            "clip": self.clip,
            "kernel_initializer": keras.initializers.serialize(self.heads.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.heads.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.heads.kernel_regularizer),
        }


# Numbers of which a head has one, and what makes each of what the projection gives.
SINGLE = ("strength", "gate", "sharpening")
ACTIVATIONS = {
    "key": ops.tanh,
    "strength": ops.softplus,
    "gate": ops.sigmoid,
    "shift": lambda numbers: ops.softmax(numbers, axis=-1),
    "sharpening": lambda numbers: 1.0 + ops.softplus(numbers),
    "erase": ops.sigmoid,
    "add": ops.tanh,
}
