import keras
from keras import ops

from keras_attn.decoding.beam import NEVER, with_axes
from keras_attn.decoding.constraints import Constraints, check_integer
from keras_attn.decoding.hypotheses import Hypotheses
from keras_attn.decoding.state import check_logits, check_state, copied, repeated
from keras_attn.ops import precision
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import check_number, positive_integer
from keras_attn.ops.precision import scores_dtype
from keras_attn.ops.random_numbers import uniform


def sample(
    step,
    state,
    start_id,
    end_id,
    max_length,
    num_samples=1,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=None,
    constants=None,
    min_length=0,
    no_repeat_ngram_size=0,
    suppress_tokens=(),
    pad_id=0,
):
    """Sequences drawn token by token, `y_t ~ softmax(logits_t / temperature)`.

    Args:
        step, state, start_id, end_id, max_length, constants: see `beam_search`.
        min_length, no_repeat_ngram_size, suppress_tokens, pad_id: see `beam_search`.
        num_samples: how many are drawn for each example.
        temperature: positive; below 1 the likely tokens become likelier. What is forbidden is never
            drawn, however high it is.
        top_k: draw from the `top_k` likeliest tokens alone; None for all.
        top_p: draw from the fewest tokens whose probability is at least `top_p`, in (0, 1]; None
            for all. After `top_k`, where both are given.
        seed: an integer or a `keras.random.SeedGenerator`.

    Returns:
        `Hypotheses` in the order in which they were drawn; their scores are the log-likelihoods
        under the step function, without temperature and limits.

    Raises:
        ValueError: for numbers out of their range.

    Example:

    >>> def step(tokens, state, constants):  # counts: 1, 2, 3
    ...     return 50.0 * keras.ops.one_hot(tokens + 1, 5), state
    >>> found = keras_attn.decoding.sample(step, np.zeros((1, 1)), 0, 3, 6, seed=1)
    >>> keras.ops.convert_to_numpy(found.tokens).tolist()
    [[[1, 2, 3, 0, 0, 0]]]

    Reference:
        Fan et al., "Hierarchical Neural Story Generation", 2018, https://arxiv.org/abs/1805.04833;
        Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020,
        https://arxiv.org/abs/1904.09751
    """
    num_samples = positive_integer("num_samples", num_samples)
    check_state(state, constants)
    check_number("temperature", temperature, "be positive", lambda value: value > 0)
    if top_k is not None:
        top_k = positive_integer("top_k", top_k)
    if top_p is not None:
        check_number("top_p", top_p, "be in (0, 1]", lambda value: 0 < value <= 1)
    constraints = Constraints(end_id, max_length, min_length, no_repeat_ngram_size, suppress_tokens)
    check_integer("start_id", start_id)
    check_integer("pad_id", pad_id)

    state, constants = repeated(state, num_samples), repeated(constants, num_samples)
    rows = ops.shape(keras.tree.flatten(state)[0])[0]
    # A loop cannot draw, so all is drawn before.
    chances = uniform((rows, max_length), seed=seed)

    def advance(tokens, state):
        logits, state, *weights = step(tokens, state, constants)
        check_logits(logits)
        constraints.check_vocabulary(start_id, logits.shape[-1])
        weights = [ops.cast(each, scores_dtype()) for each in weights]
        return ops.log_softmax(ops.cast(logits, scores_dtype())), state, weights

    def goes_on(count, tokens, likelihood, length, paths, state):
        runs = ops.logical_and(length == 0, likelihood > NEVER / 2)
        return ops.logical_and(count < max_length, ops.any(runs))

    def grow(count, tokens, likelihood, length, paths, state):
        before = ops.take(tokens, precision.maximum(count - 1, 0), axis=1)
        last = ops.where(count == 0, ops.full_like(before, start_id), before)
        last = ops.where(length == 0, last, end_id)  # the padding may be outside of the vocabulary
        logs, state, weights = advance(last, state)
        allowed = constraints.applied(logs[:, None], tokens[:, None], count, NEVER)[:, 0]
        stuck = ops.max(allowed, axis=-1) <= NEVER / 2
        token = _draw(allowed, temperature, ops.take(chances, count, axis=1), top_k, top_p)
        runs = ops.logical_and(length == 0, likelihood > NEVER / 2)
        here = ops.logical_and(runs[:, None], ops.arange(max_length, dtype="int32") == count)
        tokens = ops.where(here, token[:, None], tokens)
        found = ops.take_along_axis(logs, token[:, None], axis=1)[:, 0]
        likelihood = likelihood + ops.where(runs, found, 0.0)
        # Where nothing may come next there is no sequence.
        likelihood = ops.where(ops.logical_and(runs, stuck), NEVER, likelihood)
        length = ops.where(ops.logical_and(runs, token == end_id), count + 1, length)
        paths = [
            ops.where(with_axes(here, len(each.shape) - 1), each[:, None], path)
            for path, each in zip(paths, weights, strict=True)
        ]
        return count + 1, tokens, likelihood, length, paths, state

    # What the step function gives is known from a call that is thrown away.
    _, _, weights = advance(ops.zeros((rows,), "int32") + start_id, state)
    paths = [copied(ops.zeros_like(each), max_length, axis=1) for each in weights]
    count, tokens, likelihood, length, paths, _ = ops.while_loop(
        goes_on,
        grow,
        (
            ops.convert_to_tensor(0, "int32"),
            ops.zeros((rows, max_length), "int32") + pad_id,
            ops.zeros((rows,), scores_dtype()),
            ops.zeros((rows,), "int32"),
            paths,
            state,
        ),
    )
    missing = likelihood <= NEVER / 2
    length = ops.where(length == 0, count, length)  # cut off
    length = ops.where(missing, 0, length)
    tokens = ops.where(missing[:, None], pad_id, tokens)
    paths = [ops.where(with_axes(missing, len(path.shape) - 1), 0.0, path) for path in paths]
    likelihood = ops.where(missing, -float("inf"), likelihood)
    return Hypotheses(
        *[
            ops.reshape(each, (-1, num_samples, *ops.shape(each)[1:]))
            for each in (tokens, length, likelihood, *paths)
        ]
    )


def _draw(logits, temperature, chance, top_k, top_p):
    """The token at `chance`, a number in [0, 1), of the probability of the sorted tokens."""
    vocabulary = logits.shape[-1]
    allowed = logits > NEVER / 2
    # Beyond these, float32 has neither the temperature nor differences that it would tell apart.
    temperature = min(max(temperature, 1e-30), 1e30)
    logits = (logits - ops.max(logits, axis=-1, keepdims=True)) / temperature
    # What may come stands before what never may, even where a temperature makes them alike.
    logits = ops.where(allowed, precision.maximum(logits, NEVER), -float("inf"))
    values, order = ops.top_k(logits, min(top_k or vocabulary, vocabulary))
    mass = precision.cumsum(attention_weights(values), axis=-1)
    # The first token that brings the mass to its end, or to `top_p`, is the last one.
    last = mass[:, -1:] if top_p is None else precision.minimum(mass[:, -1:], top_p)
    last = ops.sum(ops.cast(mass < last, "int32"), axis=-1, keepdims=True)
    # A sum that rounds in another order may still grow after what may come.
    count = ops.sum(ops.cast(values > -float("inf"), "int32"), axis=-1, keepdims=True)
    last = precision.minimum(last, precision.maximum(count - 1, 0))
    chance = chance[:, None] * ops.take_along_axis(mass, last, axis=-1)
    place = ops.sum(ops.cast(mass <= chance, "int32"), axis=-1, keepdims=True)
    place = precision.minimum(place, last)
    return ops.cast(ops.take_along_axis(order, place, axis=-1)[:, 0], "int32")
