"""The state of a beam search and how a step changes it. Shapes: see `beam_search`."""

import keras
from keras import ops

from keras_attn.decoding.hypotheses import Hypotheses
from keras_attn.decoding.state import check_logits, copied
from keras_attn.ops import precision
from keras_attn.ops.known import shapes_match
from keras_attn.ops.precision import scores_dtype
from keras_attn.ops.received import received

# Of a hypothesis that there is not; finite, so that no arithmetic makes it NaN.
NEVER = -1e30


class Beam:
    """Beam search: the settings, and one step of the loop.

    A hypothesis is `live` while it can grow: its `tokens`, its log-`likelihood` and its
    `alignments`, a list that is empty for a step function without weights. It has `ended` with the
    end token: its `scores`, `tokens`, `lengths` and `alignments`. All begin with
    `(batch, num_beams)`.

    Args:
        step: `step(tokens, state)`, that of `beam_search` with its constants.
        batch: examples, an integer or a scalar tensor.
        constraints: the `Constraints`.
        memory_mask: boolean `(batch, *values)`, or None.
        num_beams, num_hypotheses, length_penalty, coverage_penalty: see `beam_search`.
    """

    def __init__(
        self,
        step,
        batch,
        num_beams,
        num_hypotheses,
        constraints,
        length_penalty,
        coverage_penalty,
        memory_mask,
    ):
        self.step = step
        self.batch = batch
        self.num_beams = num_beams
        self.num_hypotheses = num_hypotheses
        self.constraints = constraints
        self.length_penalty = length_penalty
        self.coverage_penalty = coverage_penalty
        self.memory_mask = memory_mask
        self.length = constraints.max_length

    def begin(self, state, start_id, pad_id):
        """Before the first step: one live hypothesis of no tokens, and none that has ended.

        Args:
            state: before the first step, its first axis the rows.
            start_id, pad_id: tokens.

        Returns:
            `(count, live, ended, state)`: how many tokens there are, dictionaries of what is live
            and of what has ended, see the class, and the state.
        """
        self.start_id = start_id
        # What the step function gives is known from a call that is thrown away.
        nothing = ops.zeros((self.batch * self.num_beams,), "int32") + start_id
        _, _, weights = self._advance(nothing, state)
        zeros = ops.zeros((self.batch, self.num_beams), scores_dtype())
        blank = ops.zeros((self.batch, self.num_beams, self.length), "int32") + pad_id
        paths = [copied(ops.zeros_like(each), self.length, axis=2) for each in weights]
        live = {
            "tokens": blank,
            "likelihood": zeros
            + ops.where(ops.arange(self.num_beams, dtype="int32") == 0, 0.0, NEVER),
            "alignments": paths,
        }
        ended = {
            "scores": zeros + NEVER,
            "tokens": blank,
            "lengths": ops.cast(zeros, "int32"),
            "alignments": paths,
        }
        return ops.convert_to_tensor(0, "int32"), live, ended, state

    def goes_on(self, count, live, ended, state):
        """True if a live hypothesis can still become one of the requested hypotheses.

        Args:
            count, live, ended, state: see `begin`.

        Returns:
            A boolean scalar.
        """
        likelihood = live["likelihood"][:, 0]
        bound = likelihood / self._length_penalty(self.length)
        better = bound > ended["scores"][:, self.num_hypotheses - 1]
        waits = ops.any(ops.logical_and(better, likelihood > NEVER / 2))
        return ops.logical_and(count < self.length, waits)

    def grow(self, count, live, ended, state):
        """One more token.

        Args:
            count, live, ended, state: see `begin`.

        Returns:
            The same four, a step later.
        """
        before = ops.take(live["tokens"], precision.maximum(count - 1, 0), axis=2)
        last = ops.where(count == 0, ops.full_like(before, self.start_id), before)
        logs, state, weights = self._advance(ops.reshape(last, (-1,)), state)
        logs = self.constraints.applied(logs, live["tokens"], count, NEVER)

        # Twice as many as there are beams, as half of them may end here.
        vocabulary = logs.shape[-1]
        total = live["likelihood"][..., None] + logs
        total = ops.reshape(total, (self.batch, self.num_beams * vocabulary))
        wide = min(2, vocabulary) * self.num_beams
        values, places = ops.top_k(total, wide)
        values = precision.maximum(values, NEVER)
        origin = ops.cast(places // vocabulary, "int32")
        token = ops.cast(places % vocabulary, "int32")
        here = ops.arange(self.length, dtype="int32") == count
        tokens = ops.where(here, token[..., None], follow(live["tokens"], origin))
        alignments = [
            ops.where(
                with_axes(here, len(each.shape) - 2),
                follow(each, origin)[:, :, None],
                follow(path, origin),
            )
            for path, each in zip(live["alignments"], weights, strict=True)
        ]

        ends = token == self.constraints.end_id
        # What the beam has no room for does not end either: a single beam is greedy.
        inside = ops.logical_and(ends, ops.arange(wide, dtype="int32") < self.num_beams)
        new = {
            "scores": self._score(ops.where(inside, values, NEVER), count + 1, alignments),
            "tokens": tokens,
            "lengths": ops.zeros_like(token) + count + 1,
            "alignments": alignments,
        }
        pool = _beside(ended, new)
        ended = self._first(pool["scores"], pool)

        likelihood = ops.where(ends, NEVER, values)
        live = {"tokens": tokens, "likelihood": likelihood, "alignments": alignments}
        live, origin = self._first(likelihood, (live, origin))
        first = ops.arange(self.batch, dtype="int32")[:, None] * self.num_beams
        rows = ops.reshape(origin + first, (-1,))
        state = keras.tree.map_structure(lambda leaf: ops.take(leaf, rows, axis=0), state)
        return count + 1, live, ended, state

    def best(self, count, live, ended, pad_id):
        """The hypotheses that are asked for: those that ended, then those that were cut off.

        Args:
            count, live, ended: see `begin`, after the last step.
            pad_id: what stands after the end.

        Returns:
            `Hypotheses`.
        """
        scores = self._score(live["likelihood"], count, live["alignments"])
        cut = {
            "scores": ops.where(count == self.length, scores, NEVER),
            "tokens": live["tokens"],
            "lengths": ops.zeros_like(ended["lengths"]) + count,
            "alignments": live["alignments"],
        }
        pool = _beside(ended, self._first(cut["scores"], cut))
        there = pool["scores"] > NEVER / 2
        # In the order in which they stand, those that are not there last.
        rank = ops.where(there, ops.arange(2 * self.num_beams, 0, -1, dtype="int32"), 0)
        found = self._first(rank, pool, self.num_hypotheses)
        missing = found["scores"] <= NEVER / 2
        return Hypotheses(
            ops.where(missing[..., None], pad_id, found["tokens"]),
            ops.where(missing, 0, found["lengths"]),
            ops.where(missing, -float("inf"), found["scores"]),
            *[
                ops.where(with_axes(missing, len(each.shape) - 2), 0.0, each)
                for each in found["alignments"]
            ],
        )

    def _advance(self, tokens, state):
        """Log-probabilities `(batch, num_beams, vocabulary)`, the state, and a list of weights."""
        logits, state, *weights = self.step(tokens, state)
        check_logits(logits)
        self.constraints.check_vocabulary(self.start_id, logits.shape[-1])
        if self.coverage_penalty and not weights:
            raise ValueError(
                "`coverage_penalty` needs a step function that returns attention weights. "
                f"Received: coverage_penalty={self.coverage_penalty}"
            )
        mask = self.memory_mask
        if mask is not None and weights and not shapes_match(mask.shape[1:], weights[0].shape[1:]):
            raise ValueError(
                "`memory_mask` must have a column for each value that is attended to. "
                f"{received(memory_mask=mask, weights=weights[0])}"
            )
        logs = ops.log_softmax(ops.cast(logits, scores_dtype()))
        logs, *weights = [
            ops.reshape(each, (self.batch, self.num_beams, *ops.shape(each)[1:]))
            for each in (logs, *weights)
        ]
        return logs, state, [ops.cast(each, scores_dtype()) for each in weights]

    def _score(self, likelihood, length, alignments):
        score = likelihood / self._length_penalty(length)
        if self.coverage_penalty:
            looks = ops.sum(alignments[0], axis=2)
            logarithm = ops.log(ops.clip(looks, 1e-10, 1.0))
            if self.memory_mask is not None:
                logarithm = ops.where(self.memory_mask[:, None], logarithm, 0.0)
            values = tuple(range(2, len(looks.shape)))
            score = score + self.coverage_penalty * ops.sum(logarithm, axis=values)
        return ops.where(likelihood > NEVER / 2, score, NEVER)

    def _length_penalty(self, length):
        return ops.power((5.0 + ops.cast(length, scores_dtype())) / 6.0, self.length_penalty)

    def _first(self, scores, hypotheses, count=None):
        """Selects the hypotheses with the largest scores, in descending order."""
        _, best = ops.top_k(scores, count or self.num_beams)
        best = ops.cast(best, "int32")
        return keras.tree.map_structure(lambda each: follow(each, best), hypotheses)


def follow(tensor, places):
    """`tensor[b, places[b, k]]`.

    Args:
        tensor: `(batch, n, ...)`.
        places: integers in 0..n-1, `(batch, k)`.

    Returns:
        `(batch, k, ...)`.
    """
    ones = [1] * (len(tensor.shape) - 2)
    if ones:
        places = ops.reshape(places, (*ops.shape(places), *ones))
        places = ops.broadcast_to(places, (*ops.shape(places)[:2], *ops.shape(tensor)[2:]))
    return ops.take_along_axis(tensor, places, axis=1)


def with_axes(tensor, count):
    """A tensor with axes of size 1 after its own, so that it broadcasts to what has more.

    Args:
        tensor: of any shape.
        count: how many axes.

    Returns:
        `(..., 1, 1)`.
    """
    return ops.reshape(tensor, (*ops.shape(tensor), *(1,) * count))


def _beside(one, other):
    return keras.tree.map_structure(lambda a, b: ops.concatenate([a, b], axis=1), one, other)
