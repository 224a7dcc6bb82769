"""What the models that turn one sequence into another have in common."""

import keras
import numpy as np
from keras import ops

from keras_attn.applications.sequence_search import SequenceSearches
from keras_attn.datasets.sequence_pairs import check_integers, padded
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
        self._searches = SequenceSearches(self)

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
            inputs: strings, for a model with tokenizers; or lists of integers, with or without
                start, end and padding.
            max_length: tokens of the longest sequence, the end included; by default ten more than
                twice the longest source of its batch as it is padded, which is more than sequences
                need that end by themselves.
            search: `"greedy"`, `"beam"` or `"sample"`.
            batch_size: sequences at a time.
            return_alignments: whether to return where each token looked.
            replace_unknown: whether an unknown word is replaced by the source word that it looked
                at most, for a model with two tokenizers.
            **options: of `keras_attn.decoding.beam_search`, `greedy_search` or `sample`: `beams`,
                `length_penalty`, `temperature`, ... With `hypotheses` or `samples` above 1 there is
                a list of so many for each input, or of as many as there are, the best first.

        Returns:
            Strings for strings, of a model with a tokenizer of the target, otherwise lists of
            integers without the end. With `return_alignments=True` also a list of
            `keras_attn.decoding.Alignment`, whose target holds the end.

        Raises:
            ValueError: for strings without tokenizers, integers that are not in the vocabulary, an
                unknown search or option, or alignments of a model without attention; and see the
                search.
        """
        batch_size = positive_integer("batch_size", batch_size)
        if max_length is not None:
            max_length = positive_integer("max_length", max_length)
        options = self._searches.check(search, options)
        if (return_alignments or replace_unknown) and self._look is None:
            raise ValueError(
                "`return_alignments` and `replace_unknown` need a model with attention. "
                f"Received: a {type(self).__name__}"
            )
        names, sources = self._read(inputs, "source")
        texts = bool(names) and isinstance(names[0][0], str)
        texts = texts and isinstance(self.target_vocabulary, TextTokenizer)
        if replace_unknown and not texts:
            raise ValueError(
                "`replace_unknown` needs strings and a tokenizer of the target. Received: inputs "
                f"like {names[:1]}, target_vocabulary={self.target_vocabulary}"
            )

        results = [None] * len(sources)
        order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            # A batch that is not full is filled up, to be of the shape of the others.
            filled = [sources[row] for row in rows] + [sources[rows[-1]]] * (batch_size - len(rows))
            batch = padded(filled, batch_size, MULTIPLE)
            longest = max_length or 2 * batch.shape[1] + 10
            found = self._searches.get(search, longest, options)(batch)
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
        sides = *self._read(sources, "source"), *self._read(targets, "target")
        if len(sides[0]) != len(sides[2]):
            raise ValueError(
                "`sources` and `targets` must be equally many. "
                f"Received: {len(sides[0])} and {len(sides[2])}"
            )
        for source_names, source, target_names, target in zip(*sides, strict=True):
            batch = {
                "source": padded([source], 1, MULTIPLE),
                "target": padded([[START, *target[:-1]]], 1, MULTIPLE),
            }
            weights = ops.convert_to_numpy(self._look(batch))[0]
            weights = weights[: len(target), : len(source)]
            alignments.append(Alignment(source_names, target_names, weights))
        return alignments

    def _read(self, inputs, side):
        """Strings or integers of a side as lists of names and of integers, both with the end."""
        vocabulary = getattr(self, f"{side}_vocabulary")
        if isinstance(inputs, str):
            raise ValueError(f"`{side}s` must be a list of strings. Received: {inputs!r}")
        inputs = list(inputs)
        if inputs and all(isinstance(each, str) for each in inputs):
            if not isinstance(vocabulary, TextTokenizer):
                raise ValueError(
                    f"`{side}s` must be lists of integers, for a model without tokenizers. "
                    f"Received: strings, with a vocabulary of {vocabulary}"
                )
            ids = vocabulary.encode(inputs)
            return [[*each, SPECIAL[END]] for each in vocabulary.split(inputs)], [
                [*each, END] for each in ids
            ]
        check_integers(f"{side}s", inputs)
        # Rows of an array may be padded, and have their start and end.
        around = (PADDING, START, END)
        ids = [[int(token) for token in row if token not in around] for row in inputs]
        size = vocabulary_size(f"{side}_vocabulary", vocabulary)
        outside = [token for row in ids for token in row if not 0 <= token < size]
        if outside:
            raise ValueError(
                f"`{side}s` must lie below the vocabulary of {size} and not be negative. "
                f"Received: {outside[0]}"
            )
        ids = [[*row, END] for row in ids]
        return ids, ids

    def _hypotheses(self, names, found, texts):
        """The hypotheses of one source, each with its alignment."""
        hypotheses = []
        for place, (tokens, length) in enumerate(
            zip(found["tokens"], found["lengths"], strict=True)
        ):
            if place and not length:  # there is no such hypothesis
                break
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
        first, *parts = text.split(SPECIAL[UNKNOWN])
        places = [n for n, token in enumerate(alignment.target) if token == SPECIAL[UNKNOWN]]
        words = alignment.source[:-1] or [SPECIAL[UNKNOWN]]  # not its end
        for place, part in zip(places, parts, strict=True):
            first += words[int(np.argmax(alignment.weights[place, : len(words)]))] + part
        return first, alignment

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
    """The number of tokens of a vocabulary.

    Args:
        name: of the argument, for what is said of a wrong one.
        vocabulary: a `TextTokenizer`, or the number itself.

    Raises:
        ValueError: for what is neither, or has no place for padding, start and end.
    """
    if isinstance(vocabulary, TextTokenizer):
        return vocabulary.vocabulary_size
    size = positive_integer(name, vocabulary)
    if size <= END:
        raise ValueError(
            f"`{name}` must have padding, start and end among its tokens, at least {END + 1}. "
            f"Received: {name}={vocabulary}"
        )
    return size


def vocabulary_sizes(source_vocabulary, target_vocabulary):
    """`vocabulary_size` of both sides, for the constructors of the models."""
    return (
        vocabulary_size("source_vocabulary", source_vocabulary),
        vocabulary_size("target_vocabulary", target_vocabulary),
    )


def check_dropout(dropout):
    """Raises ValueError for a fraction outside of [0, 1)."""
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
