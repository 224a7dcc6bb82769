"""Keras's recurrent layers, in which the variables of a loop are read once."""

import functools

import keras
from keras import ops

from keras_attn.layers.arguments import check_axes
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.compiled_steps import compiled_step, steps_are_compiled
from keras_attn.ops.recurrence import over_steps


def with_hoisted_variables(layer):
    """Makes the loops of recurrent layers read their variables once, which trains faster.

    The methods of the object are replaced, not its class, so that saved models refer to the class
    of Keras. The layer also accepts sequences of length 0, which leave the state unchanged.

    Args:
        layer: A `keras.layers.RNN`, or a layer with recurrent sublayers. The recurrent layers must
            draw their dropout masks before the loop, as those of Keras do.

    Returns:
        The same layer, changed in place.
    """
    for each in layer._flatten_layers():
        if isinstance(each, keras.layers.RNN):
            _hoist_variables(each)
    return layer


def _hoist_variables(layer):
    call, inner_loop = layer.call, layer.inner_loop
    is_plain = type(layer).inner_loop is keras.layers.RNN.inner_loop

    @functools.wraps(call)
    def call_any_length(sequences, initial_state=None, mask=None, training=False):
        check_axes("sequences", sequences.shape, "batch, steps, features")
        if sequences.shape[1] != 0:
            return call(sequences, initial_state, mask, training)
        # Keras looks at the first step; of a masked one nothing comes.
        sequences = ops.pad(sequences, ((0, 0), (0, 1), (0, 0)))
        mask = ops.zeros(ops.shape(sequences)[:2], "bool")
        found = call(sequences, initial_state, mask, training)
        if not layer.return_sequences:
            return found
        if not layer.return_state:
            return found[:, :0]
        return found[0][:, :0], *found[1:]

    @functools.wraps(inner_loop)
    def hoisted_loop(sequences, initial_state, mask, training=False):
        if is_plain and steps_are_compiled():
            return _compiled_loop(layer, sequences, initial_state, mask, training)
        with variables_read_once(layer):
            return inner_loop(sequences, initial_state, mask, training)

    layer.call, layer.inner_loop = call_any_length, hoisted_loop


def _compiled_loop(layer, sequences, initial_state, mask, training):
    """Equals `keras.layers.RNN.inner_loop`, with a compiled step."""
    mask = [] if mask is None else keras.tree.flatten(mask)[:1]
    sequences = [sequences, *(ops.cast(each, "bool")[..., None] for each in mask)]
    if layer.go_backwards:
        sequences = [ops.flip(each, axis=1) for each in sequences]
    arguments = {"training": training} if layer.cell._call_has_training_arg else {}
    nested = any(map(keras.tree.is_nested, initial_state))

    def step(slices, state):
        inputs, *runs = slices
        before, *state = state
        given = keras.tree.pack_sequence_as(initial_state, state) if nested else state
        output, after = layer.cell(inputs, given, **arguments)
        after = keras.tree.flatten(after)
        if not runs:
            return [output], [output, *after]
        (here,) = runs
        kept = ops.where(here, output, before)
        shown = ops.where(here, output, 0.0) if layer.zero_output_for_mask else kept
        after = [ops.where(here, new, old) for new, old in zip(after, state, strict=True)]
        return [shown], [kept, *after]

    state = keras.tree.flatten(initial_state)
    width = getattr(layer.cell, "output_size", None) or keras.tree.flatten(layer.cell.state_size)[0]
    before = ops.zeros((ops.shape(state[0])[0], width), state[0].dtype)
    (outputs,), (_, *state) = over_steps(compiled_step(step), sequences, [before, *state])
    return outputs[:, -1], outputs, keras.tree.pack_sequence_as(initial_state, state)
