"""One example of what a Neural Turing Machine does, as all pictures of memories draw it."""

import operator

import numpy as np

from keras_attn.visualization.figures import to_numpy

# What `NTM.trace` returns, and the axes of each.
WEIGHTS, VECTORS = "(batch, steps, heads, locations)", "(batch, steps, heads, width)"
AXES = {
    "memory": "(batch, steps, locations, width)",
    "read_weights": WEIGHTS,
    "write_weights": WEIGHTS,
    "reads": VECTORS,
    "add": VECTORS,
}
# A location is used if a head ever gives it so much weight; so many around them are drawn too.
USED, AROUND = 0.1, 2


class MemoryTrace:
    """One example of a trace, in NumPy, without its batch axis.

    Attributes:
        read_weights, write_weights: `(steps, heads, locations)`.
        reads, add: `(steps, heads, width)`.
        memory: `(steps, locations, width)`.
        inputs, outputs: `(steps, channels)`, or None.
        steps: how many there are.

    Args:
        trace: what `NTM.trace` returned.
        example: which of the batch.
        inputs, outputs: `(batch, steps, channels)`, or None.

    Raises:
        ValueError: for a trace that lacks something, shapes that do not fit each other, or an
            example that is not there.
    """

    def __init__(self, trace, example=0, inputs=None, outputs=None):
        missing = [name for name in AXES if name not in trace]
        if missing:
            raise ValueError(
                f"`trace` must be what `NTM.trace` returns. Received: one without {missing}"
            )
        found = {name: to_numpy(trace[name]) for name in AXES}
        self._check(found)
        batch, self.steps = found["memory"].shape[:2]
        for name, given in (("inputs", inputs), ("outputs", outputs)):
            if given is not None:
                found[name] = to_numpy(given)
                shape = found[name].shape
                if len(shape) != 3 or shape[:2] != (batch, self.steps) or 0 in shape:
                    raise ValueError(
                        f"`{name}` must be of shape ({batch}, {self.steps}, channels), as the "
                        f"trace is. Received: {shape}"
                    )
        try:
            example = range(batch)[operator.index(example)]
        except (IndexError, TypeError):
            raise ValueError(
                f"`example` must be the number of one of the {batch} examples. "
                f"Received: example={example!r}"
            ) from None
        self.inputs = self.outputs = None
        for name, values in found.items():
            setattr(self, name, values[example])

    def _check(self, found):
        memory = found["memory"].shape
        for name, values in found.items():
            fits = values.ndim == 4 and 0 not in values.shape and values.shape[:2] == memory[:2]
            if fits and name != "memory":
                fits = values.shape[3] == memory[2 if AXES[name] == WEIGHTS else 3]
            if not fits:
                raise ValueError(
                    f"`trace` must hold `{name}` of axes {AXES[name]}, which fit those of the "
                    f"others. Received: {name} of shape {values.shape}, memory of shape {memory}"
                )

    def locations(self, every=False):
        """The numbers of the locations to draw, from the top.

        The memory is a ring. What is left out is its longest stretch that no head uses, and the
        first that is drawn comes after it: a head that steps over the last location goes on
        downwards.

        Args:
            every: whether to draw all of them, from 0.

        Returns:
            An array of integers.
        """
        weights = np.concatenate([self.read_weights, self.write_weights], axis=1)
        count = weights.shape[-1]
        used = np.flatnonzero(weights.max(axis=(0, 1)) >= USED)
        if every or not len(used):
            return np.arange(count)
        gaps = np.diff(used, append=used[0] + count)
        before = gaps.argmax()
        first, last = used[(before + 1) % len(used)] - AROUND, used[before] + AROUND
        if before == len(used) - 1:
            # Nothing is used on both sides of the seam, so that there is none in the picture.
            return np.arange(max(first, 0), min(last, count - 1) + 1)
        if gaps[before] <= 2 * AROUND + 1:
            return np.arange(count)
        return np.arange(first, last + count + 1) % count
