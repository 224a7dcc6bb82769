"""One step of a decoder that attends, as a loop over given words and a search take it."""

import keras
from keras import ops

from keras_attn.layers.alignment_inputs import check_mask
from keras_attn.layers.cell_stack import advance, forget_dropout_masks, initial_states
from keras_attn.layers.dense_step import apply_dense


class DecoderStep:
    """The part of `AttentionDecoder` that knows of no sequence, for its cells and its attention."""

    def prepare(self, memory, mask=None):
        """Precomputes the memory, its projected keys and its mask for all steps.

        Raises:
            ValueError: for a mask that does not fit, or before the layer was built, by a call say.
        """
        if not self.built:
            raise ValueError("`prepare` needs a layer that was built. Received: one that was not")
        memory = ops.cast(ops.convert_to_tensor(memory), self.compute_dtype)
        check_mask("memory_mask", mask, memory)
        keys = self.attention.project_keys(memory)
        return {"memory": memory, "keys": keys, "mask": mask}

    def get_initial_state(self, prepared, cell_state=None):
        """The state before the first step, a list of tensors whose first axis is the batch.

        Args:
            prepared: what `prepare` returned.
            cell_state: the first state of the cell, a tensor or a list, zeros by default; or a
                whole state to go on from.
        """
        forget_dropout_masks(self.cells)  # of another sequence
        batch, values = ops.shape(prepared["memory"])[:2]
        if cell_state is None:
            cell_state = initial_states(self.cells, batch, self.compute_dtype)
        cell_state = keras.tree.flatten(cell_state)
        fed = [ops.zeros((batch, self.units), self.compute_dtype)] * self.input_feeding
        more = [*fed, *self.attention.get_initial_state(batch, values)]
        sizes = [size for each in self._state_sizes for size in each]
        whole = len(cell_state) == len(sizes) + len(more)
        widths = [state.shape[-1] for state in cell_state[: len(sizes)]]
        if widths != sizes or not (whole or len(cell_state) == len(sizes)):
            raise ValueError(
                f"`initial_state` must hold tensors of the widths {sizes}, those of each cell in "
                f"turn, or be a whole state. Received: {len(cell_state)} of the widths {widths}"
            )
        if whole:
            cell_state, more = cell_state[: len(sizes)], cell_state[len(sizes) :]
        rounded, exact = [*cell_state, *more[: len(fed)]], more[len(fed) :]
        return [
            *(ops.cast(state, self.compute_dtype) for state in rounded),
            *(ops.cast(state, self.attention.exact_dtype) for state in exact),
        ]

    def step(self, inputs, state, prepared, training=None, noise=None):
        """One step.

        Args:
            inputs: `(batch, features)`.
            state: of the step before, or `get_initial_state`.
            prepared: what `prepare` returned.
            noise: of the attention, for this step.

        Returns:
            `(output, context, weights), state`.
        """
        inputs = ops.cast(ops.convert_to_tensor(inputs), self.compute_dtype)
        cell_states = []
        for sizes in self._state_sizes:
            cell_states.append(state[: len(sizes)])
            state = state[len(sizes) :]
        fed, remembered = state[: self.input_feeding], state[self.input_feeding :]

        def look(query):
            context, weights, after = self.attention(
                [query, prepared["memory"], prepared["keys"]],
                mask=[None, prepared["mask"]],
                training=training,
                keys_projected=True,
                initial_state=remembered,
                return_attention_scores=True,
                return_state=True,
                noise=noise,
            )
            dtype = self.compute_dtype
            return ops.cast(context, dtype), ops.cast(weights, dtype), after

        if self.attend == "before":
            context, weights, remembered = look(cell_states[-1][0])
            seen = ops.concatenate([inputs, context], axis=-1)
            output, after = advance(self.cells, seen, cell_states, training)
            output = ops.cast(output, self.compute_dtype)
        else:
            seen = ops.concatenate([inputs, *fed], axis=-1)
            hidden, after = advance(self.cells, seen, cell_states, training)
            hidden = ops.cast(hidden, self.compute_dtype)
            context, weights, remembered = look(hidden)
            output = apply_dense(self.attentional, ops.concatenate([context, hidden], axis=-1))
            # On some backends Keras computes activations of float64 in float32.
            output = ops.cast(output, self.compute_dtype)
            fed = [output] * self.input_feeding
        return (output, context, weights), [*after, *fed, *remembered]
