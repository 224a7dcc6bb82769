import keras
from keras import ops

from keras_attn.decoding import beam_search, greedy_search, sample

SEARCHES = {"greedy": greedy_search, "beam": beam_search, "sample": sample}


class SequenceSearch(keras.Model):
    """The search over a model's steps, as a model: `predict_on_batch` compiles it.

    Args:
        model: a `SequenceModel`.
        search: of `SEARCHES`.
        max_length: tokens of the longest sequence.
        options: further arguments of the search.
    """

    def __init__(self, model, search, max_length, options):
        super().__init__(name="search")
        self.model = model
        self.search = search
        self.max_length = max_length
        self.options = dict(options)
        self.draws = keras.random.SeedGenerator(self.options.pop("seed", None))

    def call(self, source):
        state, constants = self.model.encode(source)
        more = {}
        if self.search == "sample":
            more["seed"] = self.draws
        if self.search == "beam":
            more["memory_mask"] = ops.not_equal(source, self.model.padding)
        found = SEARCHES[self.search](
            self.model.step,
            state,
            self.model.start,
            self.model.end,
            self.max_length,
            constants=constants,
            **{"forbidden": (self.model.padding, self.model.start), **more, **self.options},
        )
        outputs = {"tokens": found.tokens, "lengths": found.lengths, "scores": found.scores}
        if found.alignments is not None:
            outputs["alignments"] = found.alignments
        return outputs
