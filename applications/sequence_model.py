"""What the models that turn one sequence into another have in common."""

import keras
import numpy as np
from keras import ops

from keras_attn.applications.sequence_search import SEARCHES, SequenceSearch
from keras_attn.datasets.sequence_pairs import padded
from keras_attn.datasets.text_tokenizer import END, PADDING, SPECIAL, START, UNKNOWN, TextTokenizer
from keras_attn.decoding import Alignment
from keras_attn.layers.arguments import positive_integer

# Sources are padded to a multiple of it, so that few searches are compiled.
MULTIPLE = 16


class SequenceModel(keras.Model):
    """A functional model `{"source", "target"} -> logits` that also generates.

    Integer 0 is padding, 1 the start, 2 the end, 3 the unknown. A subclass gives `encode` and
    `step`, with the layers of the functional model.

    Args:
        inputs: `source` and `target`, integers `(batch, steps)`.
        logits: of the functional model, `(batch, target_steps, vocabulary)`.
        weights: attention weights of the functional model; None for a model without attention.
        dtype: the dtype policy that the layers were made with.
        arguments: those of the constructor by name, but for the dtype and Keras's own.
    """

    padding, start, end = PADDING, START, END
    _functional = False

    def __init__(self, inputs, logits, weights, dtype, arguments, **kwargs):
        object.__setattr__(self, "_functional", True)
        source, target = inputs
        inputs = {"source": source, "target": target}
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.dtype_policy = keras.dtype_policies.get(dtype)
        for name, value in arguments.items():
            setattr(self, name, value)
        self._argument_names = tuple(arguments)
        # Bound methods rather than models: the layers are this model's, to be saved once.
        self._look = None if weights is None else keras.Model(inputs, weights).predict_on_batch
        self._searches = {}

    def __setattr__(self, name, value):
        # Layers are set before there is a functional model, which then keeps track of them. (torch
        # takes no module before it is initialised.)
        if self._functional:
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def encode(self, source):
        """What the search starts from.

        Args:
            source: integers `(batch, source_steps)`.

        Returns:
            `(state, constants)`, as `keras_attn.decoding.beam_search` takes them.
        """
        raise NotImplementedError

    def step(self, tokens, state, constants):
        """One step of decoding, as `keras_attn.decoding.beam_search` takes it.

        Args:
            tokens: `(batch,)`, those of the step before.
            state, constants: as `encode` or the step before returned them.

        Returns:
            `(logits, state, weights)`, or `(logits, state)` of a model without attention.
        """
        raise NotImplementedError

    def generate(
        self,
        inputs,
        max_length=None,
        search="greedy",
        batch_size=32,
        return_alignments=False,
        replace_unknown=False,
        **options,
    ):
        """The sequences that the model makes of others.

        Args:
            inputs: strings, for a model with tokenizers; or lists of integers, without start, with
                or without end and padding.
            max_length: tokens of the longest sequence, the end included; by default twice those of
                the source and ten.
            search: `"greedy"`, `"beam"` or `"sample"`.
            batch_size: sequences at a time.
            return_alignments: whether to return where each token looked.
            replace_unknown: whether an unknown word is replaced by the source word that it looked
                at most, for a model with tokenizers.
            **options: of `keras_attn.decoding.beam_search`, `greedy_search` or `sample`: `beams`,
                `length_penalty`, `temperature`, ... With `hypotheses` or `samples` above 1 there is
                a list of so many for each input, the best first.

        Returns:
            Strings for strings, otherwise lists of integers without the end. With
            `return_alignments=True` also a list of `keras_attn.decoding.Alignment`, whose target
            holds the end.

        Raises:
            ValueError: for strings without tokenizers, integers that are not in the vocabulary, an
                unknown search, or alignments of a model without attention; and see the search.
        """
        if search not in SEARCHES:
            raise ValueError(
                f"`search` must be one of {tuple(SEARCHES)}. Received: search={search!r}"
            )
        if (return_alignments or replace_unknown) and self._look is None:
            raise ValueError(
                "`return_alignments` and `replace_unknown` need a model with attention. "
                f"Received: a {type(self).__name__}"
            )
        names, sources = self._read(inputs, "source")
        texts = bool(names) and isinstance(names[0][0], str)
        if replace_unknown and not texts:
            raise ValueError("`replace_unknown` needs strings. Received: lists of integers")

        results = [None] * len(sources)
        order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            # A batch that is not full is filled up, to be of the shape of the others.
            filled = [sources[row] for row in rows] + [sources[rows[-1]]] * (batch_size - len(rows))
            batch = padded(filled, batch_size, MULTIPLE)
            longest = max_length or 2 * batch.shape[1] + 10
            found = self._searcher(search, longest, options)(batch)
            found = {name: ops.convert_to_numpy(each) for name, each in found.items()}
            for place, row in enumerate(rows):
                found_here = {name: each[place] for name, each in found.items()}
                results[row] = self._hypotheses(names[row], found_here, texts)
        if replace_unknown:
            results = [[self._replaced(*each) for each in hypotheses] for hypotheses in results]
        several = max(options.get("hypotheses", 1), options.get("samples", 1)) > 1
        outputs, alignments = (
            [[each[part] for each in hypotheses] for hypotheses in results] for part in (0, 1)
        )
        if not several:
            outputs, alignments = [each[0] for each in outputs], [each[0] for each in alignments]
        return (outputs, alignments) if return_alignments else outputs

    def align(self, sources, targets):
        """Where the model looks while it is given the target.

        Args:
            sources, targets: strings, or lists of integers, see `generate`.

        Returns:
            A list of `keras_attn.decoding.Alignment`, whose targets hold the end.

        Raises:
            ValueError: for a model without attention, or strings without tokenizers.
        """
        if self._look is None:
            raise ValueError(
                f"`align` needs a model with attention. Received: a {type(self).__name__}"
            )
        alignments = []
        pairs = zip(*self._read(sources, "source"), *self._read(targets, "target"), strict=True)
        for source_names, source, target_names, target in pairs:
            batch = {
                "source": padded([source], 1, MULTIPLE),
                "target": padded([[START, *target[:-1]]], 1, MULTIPLE),
            }
            weights = ops.convert_to_numpy(self._look(batch))[0]
            weights = weights[: len(target), : len(source)]
            alignments.append(Alignment(source_names, target_names, weights))
        return alignments

    def _searcher(self, search, max_length, options):
        """The compiled search; the same one for the same options."""
        key = (search, max_length, repr(sorted(options.items())))
        if key not in self._searches:
            searcher = SequenceSearch(self, search, max_length, options)
            # A bound method, as above.
            self._searches[key] = searcher.predict_on_batch
        if isinstance(options.get("seed"), int):
            draws = self._searches[key].__self__.draws
            draws.state.assign(np.array([options["seed"], 0]))
        return self._searches[key]

    def _read(self, inputs, side):
        """Strings or integers of a side as lists of names and of integers, both with the end."""
        vocabulary = getattr(self, f"{side}_vocabulary")
        if isinstance(inputs, str):
            raise ValueError(f"`{side}s` must be a list of strings. Received: {inputs!r}")
        inputs = list(inputs)
        if inputs and isinstance(inputs[0], str):
            if not isinstance(vocabulary, TextTokenizer):
                raise ValueError(
                    f"`{side}s` must be lists of integers, for a model without tokenizers. "
                    f"Received: strings, with a vocabulary of {vocabulary}"
                )
            ids = vocabulary.encode(inputs)
            return [[*each, SPECIAL[END]] for each in vocabulary.split(inputs)], [
                [*each, END] for each in ids
            ]
        # Rows of an array may be padded, and have their end.
        ids = [[int(token) for token in row if token not in (PADDING, END)] for row in inputs]
        size = vocabulary_size(f"{side}_vocabulary", vocabulary)
        largest = max((max(row, default=0) for row in ids), default=0)
        if largest >= size:
            raise ValueError(
                f"`{side}s` must lie below the vocabulary of {size}. Received: {largest}"
            )
        ids = [[*row, END] for row in ids]
        return ids, ids

    def _hypotheses(self, names, found, texts):
        """The hypotheses of one source, each with its alignment."""
        hypotheses = []
        for place, (tokens, length) in enumerate(
            zip(found["tokens"], found["lengths"], strict=True)
        ):
            ids = tokens[:length].tolist()
            words = ids[:-1] if ids and ids[-1] == END else ids
            alignment = None
            if "alignments" in found:
                target = self.target_vocabulary.tokens(ids) if texts else ids
                weights = found["alignments"][place][: len(ids), : len(names)]
                alignment = Alignment(names, target, weights)
            output = self.target_vocabulary.decode([words])[0] if texts else words
            hypotheses.append((output, alignment))
        return hypotheses

    def _replaced(self, text, alignment):
        """Unknown words by the source word that they looked at most."""
        unknown = [
            place for place, token in enumerate(alignment.target) if token == SPECIAL[UNKNOWN]
        ]
        for place in unknown:
            best = alignment.source[int(np.argmax(alignment.weights[place]))]
            text = text.replace(SPECIAL[UNKNOWN], best, 1)
        return text, alignment

    def get_config(self):
        # Not Keras's own, which would describe the graph of layers instead of the arguments.
        serialize = keras.saving.serialize_keras_object
        arguments = {name: getattr(self, name) for name in self._argument_names}
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **{
                name: serialize(value) if isinstance(value, (TextTokenizer, keras.Layer)) else value
                for name, value in arguments.items()
            },
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            **{
                name: deserialize(value) if isinstance(value, dict) else value
                for name, value in config.items()
            }
        )


def vocabulary_size(name, vocabulary):
    """The number of tokens of a vocabulary, a size or a tokenizer."""
    if isinstance(vocabulary, TextTokenizer):
        return vocabulary.vocabulary_size
    size = positive_integer(name, vocabulary)
    if size <= END:
        raise ValueError(
            f"`{name}` must have padding, start and end among its tokens, at least {END + 1}. "
            f"Received: {name}={vocabulary}"
        )
    return size


def check_dropout(dropout):
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
