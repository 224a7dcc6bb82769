"""Scheduled sampling: what a decoder has put out, in the place of what it should have."""

from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.precision import as_float32
from keras_attn.ops.random_numbers import uniform


def with_feedback(step, sequences, state, sample_fn, probability, draws):
    """A loop over given inputs, as one that now and then takes those of its own making.

    All that is drawn is drawn before the loop.

    Args:
        step: `step(slices, state) -> (outputs, state)` with `output, context, ...` for outputs; the
            first slice is the input.
        sequences: of the loop, `(batch, steps, ...)`, the first one the inputs.
        state: of the loop, before the first step.
        sample_fn, probability: see `AttentionDecoder`.
        draws: a `keras.random.SeedGenerator`.

    Returns:
        `step`, `sequences` and `state` of the new loop. The state has the next input as its last,
        and the outputs the input that the step has seen.
    """
    inputs = sequences[0]
    batch, steps = ops.shape(inputs)[:2]
    drawn = uniform((2, batch, steps), seed=draws)
    # The first step has nothing before it.
    coins = ops.where(ops.arange(steps) == 0, ops.ones_like(drawn[0]), drawn[0])
    taken = (coins < ops.cast(probability, coins.dtype))[..., None]

    def new_step(slices, state):
        *slices, taken, chance = slices
        seen = ops.where(taken, state[-1], slices[0])
        outputs, after = step([seen, *slices[1:]], state[:-1])
        made = sample_fn(outputs[0], outputs[1], seen, chance)
        return [*outputs, seen], [*after, ops.stop_gradient(ops.cast(made, seen.dtype))]

    zeros = ops.zeros((batch, *inputs.shape[2:]), inputs.dtype)
    return new_step, [*sequences, taken, drawn[1]], [*state, zeros]


def draw_token(logits, chance):
    """Tokens by their probabilities, at chances that were drawn before.

    Args:
        logits: `(batch, tokens)`.
        chance: `(batch,)` in [0, 1), where in the probability mass of all tokens in a row.

    Returns:
        Integers `(batch,)`.
    """
    mass = precision.cumsum(ops.softmax(as_float32(logits)), axis=-1)
    place = ops.sum(
        ops.cast(mass <= ops.cast(chance, mass.dtype)[:, None] * mass[:, -1:], "int32"), axis=-1
    )
    return precision.minimum(place, logits.shape[-1] - 1)
