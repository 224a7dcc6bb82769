import functools
import inspect

import keras
import numpy as np

from keras_attn.decoding import beam_search, greedy_search, sample

SEARCHES = {"greedy": greedy_search, "beam": beam_search, "sample": sample}
# What the search of a model says itself.
OWN = {"step", "state", "start_id", "end_id", "max_length", "constants", "memory_mask", "pad_id"}
OPTIONS = {
    name: set(inspect.signature(function).parameters) - OWN
    for name, function in (("beam", beam_search), ("sample", sample))
}
# A greedy search is a beam of one.
OPTIONS["greedy"] = OPTIONS["beam"] - {
    "num_beams",
    "num_hypotheses",
    "length_penalty",
    "coverage_penalty",
}


class SequenceSearches:
    """Searches of a model: one is compiled per kind, length and set of options.

    This class is not a Keras object: Keras would otherwise track the seed among the variables of
    the model.

    Args:
        model: a `GenerativeModel`.
    """

    def __init__(self, model):
        self.model = model
        self.draws = keras.random.SeedGenerator()

    def get(self, search, max_length, options):
        """The search of this kind, length and options, compiled when it is first asked for.

        Args:
            search: `"greedy"`, `"beam"` or `"sample"`.
            max_length: tokens of the longest sequence, the end token included.
            options: what `check` returned.

        Returns:
            A function of a batch of sources that gives the parts of `Hypotheses` by name.
        """
        key = (search, max_length, *sorted((name, str(value)) for name, value in options.items()))
        function = functools.partial(self._search, search, max_length, options)
        return self.model._compiled.get(key, function, self.draws)

    def _search(self, search, max_length, options, source):
        model = self.model
        state, constants = model.encode(source)
        never = (model.pad_id, model.start_id, *options.get("suppress_tokens", ()))
        more = {**options, "suppress_tokens": never}
        if search == "sample":
            more["seed"] = self.draws
        if search == "beam":
            more["memory_mask"] = model.memory_mask(source)
        found = SEARCHES[search](
            model.step,
            state,
            model.start_id,
            model.end_id,
            max_length,
            constants=constants,
            **more,
        )
        outputs = {"tokens": found.tokens, "lengths": found.lengths, "scores": found.scores}
        if found.alignments is not None:
            outputs["alignments"] = found.alignments
        return outputs

    def check(self, search, options):
        """The options of a search without the seed, which starts the draws.

        Args:
            search: `"greedy"`, `"beam"` or `"sample"`.
            options: by name, as `keras_attn.decoding.beam_search` or `sample` takes them.

        Raises:
            ValueError: for an unknown search, what is no option of it, or a seed outside of
                `0..2**32 - 1`.
        """
        if search not in SEARCHES:
            raise ValueError(
                f"`search` must be one of {tuple(SEARCHES)}. Received: search={search!r}"
            )
        for name in options:
            if name not in OPTIONS[search]:
                known = sorted(OPTIONS[search])
                raise ValueError(
                    f"`{name}` is no option of search={search!r}, which takes {known}. "
                    f"Received: {name}={options[name]!r}"
                )
        if "suppress_tokens" in options:
            # As a list, which compiled searches compare with those of earlier calls.
            tokens = options["suppress_tokens"]
            tokens = list(tokens) if isinstance(tokens, (set, frozenset)) else tokens
            options = {**options, "suppress_tokens": np.ravel(tokens).tolist()}
        seed = options.pop("seed", None)
        if seed is not None:
            if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
                raise ValueError(f"`seed` must be in 0..2**32 - 1. Received: seed={seed!r}")
            self.draws.state.assign(np.array([seed, 0], "uint32"))
        return options
