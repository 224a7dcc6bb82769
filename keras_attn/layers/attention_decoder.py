import keras
from keras import ops

from keras_attn.layers.alignment_inputs import check_mask, two_masks
from keras_attn.layers.arguments import shapes_of
from keras_attn.layers.cell_stack import dropout_masks, state_sizes
from keras_attn.layers.composite import Composite, unbuilt_config
from keras_attn.layers.decoder_arguments import check_cells, check_options, check_shapes
from keras_attn.layers.decoder_step import DecoderStep
from keras_attn.layers.feedback import with_feedback
from keras_attn.layers.same_draws import SameDraws
from keras_attn.layers.users_layers import build_cell
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.recurrence import over_steps

# What a call returns on request after the outputs, in order.
RETURNS = (
    "return_contexts",
    "return_attention_scores",
    "return_inputs",
    "return_attention_states",
    "return_state",
)


@keras.saving.register_keras_serializable(package="keras_attn")
class AttentionDecoder(DecoderStep, Composite, SameDraws, keras.layers.Layer):
    """Any recurrent cell that attends to a memory at every step.

    `attend="before"` (Bahdanau): `c_i = attend(s_{i-1}, h)`, `s_i = cell([y_{i-1}; c_i], s_{i-1})`,
    the output is `s_i`. `attend="after"` (Luong): `h_t = cell(x_t, h_{t-1})`,
    `c_t = attend(h_t, h̄)`, the output is `h̃_t = tanh(W_c [c_t; h_t])`.

    | here | Bahdanau et al. | Luong et al. |
    | --- | --- | --- |
    | step of the inputs | `E y_{i-1}` | `x_t` |
    | memory | annotations `h_j` | source states `h̄_s` |
    | state of the cell | `s_i` | `h_t` |
    | context | `c_i` | `c_t` |
    | kernel of `attentional` | | `W_c` |
    | output | `s_i` | attentional state `h̃_t` |
    | `input_feeding` | | `x_t` becomes `[x_t; h̃_{t-1}]` |

    On PyTorch, under `keras.RematScope`, the dropout masks of Keras cells are drawn again in the
    backward pass, as in the recurrent layers of Keras.

    The keys of the memory are projected once. A stack of cells attends with the state of its last
    cell.

    Args:
        cell: a cell as `keras.layers.RNN` takes it, or a list of cells for a stack. The output of
            the (last) cell must be its first state, as it is for all of Keras.
        attention: an alignment layer, `BahdanauAttention(units)` say.
        attend: `"before"` or `"after"` the cell.
        attentional_units: width of `h̃_t`, by default that of the cell; None of `"before"`.
        input_feeding: whether the cell also sees the `h̃` of the step before; only `"after"`.
        sample_fn: for scheduled sampling, a layer or function `sample_fn(output, context, inputs,
            chance)` that makes the inputs `(batch, features)` of the next step from what a step has
            put out: draws a word, at `chance`, `(batch,)` in [0, 1), of its probability mass, and
            embeds it. In training a step takes these instead of those given with the probability
            `decoder.sampling_probability`, a weight that is 0 at first and is set by `assign` or by
            `keras_attn.decoding.ScheduledSampling`. No gradient goes through it.
        seed: of the scheduled sampling.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: a list `[inputs, memory]`: `(batch, steps, features)`, in training the target moved
            by one step, and `(batch, values, width)`.
        mask: a list `[input_mask, memory_mask]`, boolean `(batch, steps)` and `(batch, values)`,
            each may be None. A masked step leaves the state as it was; its output, context and
            weights are 0.
        initial_state: the first state of the cell: a tensor, or a list as the cell returns it; zero
            by default. Or a whole state, as `return_state` gives it, to go on from.
        return_attention_scores: whether to return the weights of every step.
        return_contexts: whether to return the context of every step.
        return_inputs: whether to return the inputs that every step has seen, which are not all
            those given where sampling is scheduled; what reads out words needs them.
        return_attention_states: whether to return what the attention remembers after every step.
        return_state: whether to return the last state, as `step` takes it.

    Returns:
        The outputs, `(batch, steps, units)`. On request a tuple of them, the contexts `(batch,
        steps, width)`, the weights `(batch, steps, values)`, the inputs, the states of the
        attention, a list of `(batch, steps, ...)`, and the last state.

    Raises:
        ValueError: for what is no cell, no alignment layer or an unknown order, or arguments that
            belong to the other order; for inputs that are not two, or not of rank 3.

    Example:

    >>> layer = keras_attn.AttentionDecoder(
    ...     keras.layers.GRUCell(16), keras_attn.BahdanauAttention(8)
    ... )
    >>> words, memory = np.ones((2, 3, 4)), np.ones((2, 5, 6))
    >>> outputs, weights = layer([words, memory], return_attention_scores=True)
    >>> outputs.shape == (2, 3, 16), weights.shape == (2, 3, 5)
    (True, True)

    One step with the same weights, as a search takes it:

    >>> prepared = layer.prepare(memory)
    >>> state = layer.get_initial_state(prepared)
    >>> (output, context, weights), state = layer.step(words[:, 0], state, prepared)
    >>> output.shape == (2, 16), context.shape == (2, 6), weights.shape == (2, 5)
    (True, True, True)

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, https://arxiv.org/abs/1409.0473; Luong et al., "Effective Approaches to
        Attention-based Neural Machine Translation", 2015, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        cell,
        attention,
        attend="before",
        attentional_units=None,
        input_feeding=False,
        sample_fn=None,
        seed=None,
        **kwargs,
    ):
        # What the attention remembers is not rounded to half precision; the rest is, in `call`.
        super().__init__(**{"autocast": False, **kwargs})
        cells = check_cells(cell)
        attentional_units = check_options(
            attention, attend, attentional_units, input_feeding, sample_fn
        )
        self.cells = cells
        self.attention = attention
        self.attend = attend
        self.attentional_units = attentional_units
        self.input_feeding = bool(input_feeding)
        self.sample_fn = sample_fn
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed) if sample_fn else None
        self.supports_masking = True
        self._state_sizes = state_sizes(cells)
        self.units = attentional_units or self._state_sizes[-1][0]
        if attend == "after":
            self.attentional = keras.layers.Dense(
                self.units,
                activation="tanh",
                use_bias=False,
                dtype=self.dtype_policy,
                name="attentional",
            )

    # === Keras ===

    def build(self, input_shape):
        inputs, memory = check_shapes(input_shape)
        width = self._cell_width(inputs, memory)
        for cell, sizes in zip(self.cells, self._state_sizes, strict=True):
            build_cell("cell", cell, (inputs[0], width))
            width = sizes[0]
        if not self.attention.built:
            self.attention.build([(inputs[0], width), memory])
        if self.attend == "after":
            self.attentional.build((inputs[0], memory[-1] + width))
        if isinstance(self.sample_fn, keras.layers.Layer) and not self.sample_fn.built:
            shapes = [(inputs[0], size) for size in (self.units, memory[-1], inputs[-1])]
            tensors = [keras.KerasTensor(shape, self.compute_dtype) for shape in shapes]
            self.sample_fn(*tensors, keras.KerasTensor((inputs[0],), "float32"))
        if self.sample_fn is not None:
            self.sampling_probability = self.add_weight(
                (),
                initializer="zeros",
                dtype="float32",
                trainable=False,
                autocast=False,
                name="sampling_probability",
            )

    def call(
        self,
        inputs,
        mask=None,
        training=None,
        initial_state=None,
        return_attention_scores=False,
        return_contexts=False,
        return_inputs=False,
        return_attention_states=False,
        return_state=False,
    ):
        check_shapes(shapes_of(inputs))
        inputs, memory = (
            ops.cast(ops.convert_to_tensor(each), self.compute_dtype) for each in inputs
        )
        input_mask, memory_mask = two_masks(mask)
        check_mask("input_mask", input_mask, inputs)
        prepared = self.prepare(memory, memory_mask)
        state = self.get_initial_state(prepared, initial_state)
        batch, steps = ops.shape(inputs)[:2]
        values = ops.shape(memory)[1]
        remembered = return_attention_states and len(self.attention.state_shapes(batch, values))
        sequences = [inputs]
        if input_mask is not None:
            sequences.append(ops.cast(input_mask, "bool")[..., None])
        if training:
            sequences += self.attention.draw_noise(batch, steps, values)
        masked = int(input_mask is not None)

        def step(slices, state):
            noise = [each[:, None] for each in slices[1 + masked :]] if training else None
            outputs, after = self.step(slices[0], state, prepared, training, noise)
            if masked:
                after = [
                    ops.where(slices[1], new, old) for new, old in zip(after, state, strict=True)
                ]
            return [*outputs, *after[len(after) - remembered :]], after

        if training and self.sample_fn is not None:
            step, sequences, state = with_feedback(
                step, sequences, state, self.sample_fn, self.sampling_probability, self.draws
            )
        width = self._cell_width(inputs.shape, memory.shape)
        with dropout_masks(self.cells, width, batch, training), variables_read_once(self):
            found, state = over_steps(step, sequences, state)
        if masked:  # all steps at once, which is cheaper than one by one
            found[:3] = [ops.where(sequences[1], each, ops.zeros_like(each)) for each in found[:3]]
        outputs, contexts, weights, *more = found
        self.attention.penalise(weights, input_mask, layer=self)
        if len(more) > remembered:
            inputs, state = more.pop(), state[:-1]
        wanted = (
            return_contexts,
            return_attention_scores,
            return_inputs,
            return_attention_states,
            return_state,
        )
        return _wanted((outputs, contexts, weights, inputs, more, state), wanted)

    def compute_output_spec(self, inputs, mask=None, training=None, initial_state=None, **wanted):
        inputs, memory = check_shapes(shapes_of(inputs))
        batch, steps, features = inputs

        def spec(*shape):
            return keras.KerasTensor((batch, *shape), dtype=self.compute_dtype)

        state = [spec(size) for sizes in self._state_sizes for size in sizes]
        state += [spec(self.units)] * self.input_feeding
        shapes = self.attention.state_shapes(batch, memory[1])
        exact = self.attention.exact_dtype
        state += [keras.KerasTensor(shape, dtype=exact) for shape in shapes]
        states = [keras.KerasTensor((batch, steps, *each[1:]), exact) for each in shapes]
        every = [spec(steps, width) for width in (self.units, memory[-1], memory[1], features)]
        return _wanted((*every, states, state), [wanted.get(name, False) for name in RETURNS])

    def _cell_width(self, inputs, memory):
        """Input width of the first cell, for inputs and memory of these shapes."""
        more = memory[-1] if self.attend == "before" else self.input_feeding * self.units
        return inputs[-1] + more

    def compute_output_shape(self, input_shape):
        inputs, _ = check_shapes(input_shape)
        return (*inputs[:2], self.units)

    def compute_mask(self, inputs, mask=None):
        return mask[0] if mask else None

    def get_config(self):
        return {
            **super().get_config(),
            "cell": [unbuilt_config(cell) for cell in self.cells],
            "attention": unbuilt_config(self.attention),
            "attend": self.attend,
            "attentional_units": self.attentional_units,
            "input_feeding": self.input_feeding,
            "sample_fn": self.sample_fn and keras.saving.serialize_keras_object(self.sample_fn),
            "seed": self.seed,
        }


def _wanted(every, wanted):
    """The outputs and, of what follows them, what is wanted; the outputs alone are no tuple."""
    outputs, *more = every
    found = [each for each, flag in zip(more, wanted, strict=True) if flag]
    return (outputs, *found) if found else outputs
