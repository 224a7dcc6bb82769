"""Base class of sequence-to-sequence models."""

import numpy as np
from keras import ops

from keras_attn.applications.generative_model import GenerativeModel, outputs_and_alignments
from keras_attn.applications.padded_batch_size import padded_batch_size
from keras_attn.applications.vocabulary import names_and_ids
from keras_attn.datasets.sequence_pairs import padded
from keras_attn.datasets.text_tokenizer import SPECIAL, START, UNKNOWN, TextTokenizer
from keras_attn.decoding import Alignment

# Sources are padded to a multiple of it, so that few searches are compiled.
MULTIPLE = 16


class SequenceModel(GenerativeModel, is_base=True):
    """A functional model `{"source", "target"} -> logits` that also generates.

    Args:
        inputs: `source` and `target`, integers `(batch, steps)`.
        logits: of the functional model, `(batch, target_steps, vocabulary)`.
        weights: See `GenerativeModel`.
        **kwargs: Arguments of `keras.Model`.
    """

    def __init__(self, inputs, logits, weights, **kwargs):
        source, target = inputs
        inputs = {"source": source, "target": target}
        super().__init__(inputs, logits, weights, **kwargs)

    def memory_mask(self, source):
        return ops.not_equal(source, self.pad_id)

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
            batch_size: Positive integer, number of sequences per search. If searches are compiled,
                a smaller batch is padded to a power of two.
            return_alignments: whether to return where each token looked.
            replace_unknown: whether an unknown word is replaced by the source word that it looked
                at most, for a model with two tokenizers.
            **options: of `keras_attn.decoding.beam_search`, `greedy_search` or `sample`:
                `num_beams`, `length_penalty`, `temperature`, ... With `num_hypotheses` or
                `num_samples` above 1 there is a list of so many for each input, or of as many as
                there are, the best first.

        Returns:
            Strings for strings, of a model with a tokenizer of the target, otherwise lists of
            integers without the end. With `return_alignments=True` also a list of
            `keras_attn.decoding.Alignment`, whose target holds the end.

        Raises:
            ValueError: for strings without tokenizers, integers that are not in the vocabulary, an
                unknown search or option, or alignments of a model without attention; and see the
                search.
        """
        needs = {"return_alignments": return_alignments, "replace_unknown": replace_unknown}
        needs = [name for name, wanted in needs.items() if wanted]
        options = self._checked_search(search, options, batch_size, max_length, needs)
        names, sources = self._read("inputs", inputs, "source")
        texts = bool(names) and isinstance(names[0][0], str)
        texts = texts and isinstance(self.target_vocabulary, TextTokenizer)
        if replace_unknown and names and not texts:
            raise ValueError(
                "`replace_unknown` needs strings and a tokenizer of the target. Received: inputs "
                f"like {names[:1]}, target_vocabulary={self.target_vocabulary}"
            )

        results = [None] * len(sources)
        order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            missing = padded_batch_size(len(rows), batch_size) - len(rows)
            filled = [sources[row] for row in [*rows, *rows[-1:] * missing]]
            batch = self._padded("inputs", filled)
            longest = max_length or 2 * batch.shape[1] + 10
            found = self._found(batch, search, longest, options)
            decode = self._without_unknown if replace_unknown else None
            for row, found_here in zip(rows, found, strict=False):  # not those that fill it up
                aligner = _aligner(names[row])
                results[row] = self._hypotheses(found_here, texts, aligner, decode)
        return outputs_and_alignments(results, options, return_alignments)

    def align(self, sources, targets):
        """Computes the attention weights for given targets.

        Args:
            sources, targets: strings, or lists of integers, see `generate`.

        Returns:
            A list of `keras_attn.decoding.Alignment`, whose targets hold the end.

        Raises:
            ValueError: for a model without attention, or strings without tokenizers.
        """
        if self._attention_weights is None:
            raise ValueError(
                f"`align` needs a model with attention. Received: a {type(self).__name__}"
            )
        alignments = []
        sides = (
            *self._read("sources", sources, "source"),
            *self._read("targets", targets, "target"),
        )
        if len(sides[0]) != len(sides[2]):
            raise ValueError(
                "`sources` and `targets` must be equally many. "
                f"Received: {len(sides[0])} and {len(sides[2])}"
            )
        for source_names, source, target_names, target in zip(*sides, strict=True):
            batch = {
                "source": self._padded("sources", [source]),
                "target": padded([[START, *target[:-1]]], 1, MULTIPLE),
            }
            weights = self._compiled.get("align", self._attention_weights)(batch)
            weights = ops.convert_to_numpy(weights)[0]
            weights = weights[: len(target), : len(source)]
            alignments.append(Alignment(source_names, target_names, weights))
        return alignments

    def _read(self, name, inputs, side):
        """Converts sequences to lists of token names and of token ids, both with the end token.

        Args:
            name: String, argument name used in the error message.
            inputs: See `generate`.
            side: `"source"` or `"target"`.
        """
        vocabulary = f"{side}_vocabulary"
        return names_and_ids(name, inputs, vocabulary, getattr(self, vocabulary))

    def _padded(self, name, sources):
        """Sources as one array, no longer than the attention takes it."""
        limit = getattr(getattr(self, "attention", None), "longest_memory", None)
        longest = max(map(len, sources))
        if limit is not None and longest > limit:
            raise ValueError(
                f"`{name}` must have at most {limit} tokens including the end, the limit of "
                f"`attention`. Received: {longest}"
            )
        return padded(sources, len(sources), MULTIPLE)[:, :limit]

    def _without_unknown(self, ids, alignment):
        """The text of integers, each unknown word by the source word that it looked at most."""

        def text(ids):
            return self.target_vocabulary.decode([ids])[0]

        words = alignment.source[:-1] or [SPECIAL[UNKNOWN]]  # not its end
        weights = alignment.weights[:, : len(words)]
        # What looks like an unknown word may have been written so.
        looked = {
            text(ids[:place]).count(SPECIAL[UNKNOWN]): words[int(np.argmax(weights[place]))]
            for place, token in enumerate(ids)
            if token == UNKNOWN
        }
        first, *parts = text(ids).split(SPECIAL[UNKNOWN])
        for number, part in enumerate(parts):
            first += looked.get(number, SPECIAL[UNKNOWN]) + part
        return first


def _aligner(names):
    """A function that gives the alignments of targets with a source of these tokens."""
    return lambda target, weights: Alignment(names, target, weights[:, : len(names)])
