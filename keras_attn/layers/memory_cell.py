import math

import keras
from keras import ops

from keras_attn.layers.arguments import check_axes
from keras_attn.layers.composite import Composite
from keras_attn.layers.dense_step import apply_dense
from keras_attn.layers.memory_controller import MemoryController
from keras_attn.ops import clip_gradients, precision
from keras_attn.ops.checks import check_number, positive_integer


class MemoryCell(Composite, keras.layers.Layer):
    """Base class of cells with an external memory: a controller, heads, and the states.

    A class that derives from it says by `activations` what is made of the numbers of the heads,
    and calls `set_heads` in its constructor; its `call` starts with `unpacked` and ends with
    `packed`.

    Args:
        units: of the controller.
        memory_locations, memory_width: of the memory.
        num_read_heads: how many.
        controller: see `MemoryController`.
        memory_initializer: of the first memory.
        learn_memory: whether the first memory is trained.
        clip: the numbers for the heads, before their activations, lie in `[-clip, clip]`; None for
            any.
        gradient_clip: the gradients of the states, on their way from a step to the one before, lie
            in `[-gradient_clip, gradient_clip]`; None for any.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: for sizes that are no positive integers, a controller that does not fit, or a
            `clip` or `gradient_clip` that is not positive.
    """

    # By the name of a part, what makes it of the numbers of the projection.
    activations = {}
    # Names of the parts of which a head has one number.
    single = ()

    def __init__(
        self,
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
    ):
        super().__init__(**kwargs)
        self.units = positive_integer("units", units)
        self.memory_locations = positive_integer("memory_locations", memory_locations)
        self.memory_width = positive_integer("memory_width", memory_width)
        self.num_read_heads = positive_integer("num_read_heads", num_read_heads)
        for name, limit in (("clip", clip), ("gradient_clip", gradient_clip)):
            if limit is not None:
                check_number(name, limit, "be positive, or None", lambda value: value > 0)
        self.memory_initializer = keras.initializers.get(memory_initializer)
        self.learn_memory = learn_memory
        self.clip = clip
        self.gradient_clip = gradient_clip
        self.controller = MemoryController(
            controller, self.units, dtype=self.dtype_policy, name="controller"
        )
        self.output_size = self.units + self.num_read_heads * self.memory_width

    def set_heads(self, num_write_heads, parts, states, **kwargs):
        """Makes the projection to what the heads are told, and sizes the states.

        Args:
            num_write_heads: how many.
            parts: by name, how many heads are told so, and how many numbers each, in the order of
                the projection.
            states: by name, the shapes of the states after memory and weights, for one example.
            **kwargs: of the projection.
        """
        # As tuples, since the order counts: Keras and PyTorch sort dictionaries that they track.
        self._parts = tuple(parts.items())
        self.heads = keras.layers.Dense(
            sum(count * width for count, width in parts.values()),
            dtype=self.dtype_policy,
            name="heads",
            **kwargs,
        )
        self._memory_shapes = (
            ("memory", (self.memory_locations, self.memory_width)),
            ("weights", (self.num_read_heads + num_write_heads, self.memory_locations)),
            *states.items(),
        )
        # The output comes first: where a step is masked, some backends take the first state for it.
        # All are flat: of a state of rank 3 they take the batch for the steps.
        self.state_size = [
            self.output_size,
            *self.controller.state_size,
            *(math.prod(shape) for shape in self.memory_shapes.values()),
        ]

    @property
    def parts(self):
        """By name, how many heads are told so, and how many numbers each, in order."""
        return dict(self._parts)

    @property
    def memory_shapes(self):
        """By name, the shapes of what is remembered of one example, in order."""
        return dict(self._memory_shapes)

    # === One step ===

    def unpacked(self, states):
        """Unflattens the states that `call` receives.

        Returns:
            What was read, `(batch, num_read_heads * memory_width)`, the states of the controller,
            and those of `memory_shapes`, `(batch, *shape)`.
        """
        output, *states = states
        states = [output[:, self.units :], *states]
        if self.gradient_clip is not None:
            states = clip_gradients(states, self.gradient_clip)
        found, *states = states
        inner = len(self.controller.state_size)
        return (
            found,
            states[:inner],
            [
                ops.reshape(state, (-1, *shape))
                for state, shape in zip(states[inner:], self.memory_shapes.values(), strict=True)
            ],
        )

    def packed(self, hidden, found, states, memory_states):
        """Returns the output, and the states flattened for `unpacked`.

        Args:
            hidden: the output of the controller, `(batch, units)`.
            found: what was read, `(batch, num_read_heads, memory_width)`.
            states: of the controller.
            memory_states: those of `memory_shapes`, `(batch, *shape)`.
        """
        found = ops.reshape(found, (-1, self.num_read_heads * self.memory_width))
        output = ops.concatenate([hidden, found], axis=-1)
        sizes = self.state_size[-len(self.memory_shapes) :]
        flat = [
            ops.reshape(state, (-1, size)) for state, size in zip(memory_states, sizes, strict=True)
        ]
        return output, [output, *states, *flat]

    def told(self, hidden):
        """Computes the parameters of the heads at this step.

        Args:
            hidden: the output of the controller, `(batch, units)`.

        Returns:
            By the names of `parts`, `(batch, heads, width)`, or `(batch, heads)` where a head has
            one number.
        """
        return self.from_numbers(self.numbers(hidden))

    def numbers(self, hidden):
        """All numbers of the heads, clipped, before their activations, `(batch, numbers)`."""
        numbers = apply_dense(self.heads, hidden, self.compute_dtype)
        return numbers if self.clip is None else precision.clip(numbers, -self.clip, self.clip)

    def from_numbers(self, numbers):
        """Splits the outputs of the heads into parameters, and applies their activations."""
        told, first = {}, 0
        for name, (count, width) in self.parts.items():
            part = numbers[:, first : first + count * width]
            first += count * width
            part = part if name in self.single else ops.reshape(part, (-1, count, width))
            told[name] = self.activations[name](part)
        return told

    # === Keras ===

    def build(self, input_shape):
        check_axes("inputs", input_shape, "batch, features")
        batch, features = input_shape
        self.controller.build((batch, features + self.num_read_heads * self.memory_width))
        self.heads.build((batch, self.units))
        self.first_memory = self.add_weight(
            (self.memory_locations, self.memory_width),
            initializer=self.memory_initializer,
            trainable=self.learn_memory,
            name="first_memory",
        )

    def first_states(self):
        """The first states after the memory, those of the weights first, of their shapes in
        `memory_shapes`: zeros, for nothing was read and nothing written."""
        _, *shapes = self.memory_shapes.values()
        return [ops.zeros(shape, self.compute_dtype) for shape in shapes]

    def get_initial_state(self, batch_size=None):
        memory = ops.cast(self.first_memory, self.compute_dtype)
        weights, *states = self.first_states()
        found = ops.reshape(precision.matmul(weights[: self.num_read_heads], memory), (-1,))
        output = ops.concatenate([ops.zeros((self.units,), self.compute_dtype), found])
        every = [ops.reshape(each, (-1,)) for each in (output, memory, weights, *states)]
        # Each state has a storage of its own: that of a broadcast one cannot be written on torch.
        output, *states = (
            ops.zeros((batch_size, each.shape[0]), self.compute_dtype) + each for each in every
        )
        return [output, *self.controller.get_initial_state(batch_size), *states]

    def compute_output_shape(self, input_shape, states_shape=None):
        states = [(input_shape[0], size) for size in self.state_size]
        return (input_shape[0], self.output_size), states

    def get_build_config(self):
        return None  # the recurrent layer builds its cell, so that weight paths stay the same

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "memory_locations": self.memory_locations,
            "memory_width": self.memory_width,
            "num_read_heads": self.num_read_heads,
            "controller": self.controller.config(),
            "memory_initializer": keras.initializers.serialize(self.memory_initializer),
            "learn_memory": self.learn_memory,
            "clip": self.clip,
            "gradient_clip": self.gradient_clip,
            "kernel_initializer": keras.initializers.serialize(self.heads.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.heads.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.heads.kernel_regularizer),
        }
