"""Base class of models that generate sequences."""

import keras
from keras import ops

from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.sequence_search import SequenceSearches
from keras_attn.datasets.text_tokenizer import END, PADDING, START
from keras_attn.ops.checks import positive_integer


class GenerativeModel(FunctionalModel, is_base=True):
    """A functional model that writes sequences of tokens.

    Integer 0 is padding, 1 the start, 2 the end, 3 the unknown. A subclass gives `encode` and
    `step`, with the layers of the functional model, and the argument `target_vocabulary`.

    Args:
        inputs: those of the functional model by name.
        outputs: Symbolic outputs of the functional model.
        weights: Symbolic attention weights; `None` for a model without attention.
        **kwargs: Arguments of `keras.Model`.
    """

    pad_id, start_id, end_id = PADDING, START, END

    def __init__(self, inputs, outputs, weights, **kwargs):
        super().__init__(inputs, outputs, **kwargs)
        # A bound method, not a model: Keras would track and save the layers twice.
        self._attention_weights = None if weights is None else keras.Model(inputs, weights).call
        self._searches = SequenceSearches(self)

    # === What a model says of itself ===

    def encode(self, source):
        """Encodes the sources into the initial state of the search.

        Args:
            source: a batch of what is written about.

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

    def memory_mask(self, source):
        """Boolean `(batch, values)`, which values of the memory there are; None for all."""
        return None

    # === Keras ===

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if sample_weight is not None:
            for layer in self._flatten_layers():
                if getattr(layer, "loss_weight", 0):
                    raise ValueError(
                        "`sample_weight` must be None if an attention layer has a `loss_weight`: "
                        "the attention loss weights all examples equally. "
                        f"Received: loss_weight={layer.loss_weight} of layer {layer.name!r}"
                    )
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    # === Searches ===

    def _checked_search(self, search, options, batch_size, max_length, needs_weights):
        """The options of a search; ValueError for arguments that `generate` cannot take."""
        positive_integer("batch_size", batch_size)
        if max_length is not None:
            positive_integer("max_length", max_length)
        options = self._searches.check(search, options)
        for name in needs_weights:
            if self._attention_weights is None:
                raise ValueError(
                    f"`{name}` needs a model with attention. Received: a {type(self).__name__}"
                )
        return options

    def _found(self, batch, search, max_length, options):
        """Runs a search for a batch and returns dictionaries of arrays."""
        found = self._searches.get(search, max_length, options)(batch)
        found = {name: ops.convert_to_numpy(each) for name, each in found.items()}
        places = range(len(found["lengths"]))
        return [{name: each[place] for name, each in found.items()} for place in places]

    def _hypotheses(self, found, texts, align, decode=None):
        """The hypotheses about one source, pairs of an output and its alignment.

        Args:
            found: one of those that `_found` returns.
            texts: whether the outputs are strings.
            align: function of target tokens and the weights of all steps that gives the alignment.
            decode: function of integers and the alignment that gives the output, by default that of
                the tokenizer.
        """
        decode = decode or (lambda ids, _: self.target_vocabulary.decode([ids])[0])
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
                alignment = align(target, found["alignments"][place][: len(ids)])
            output = decode(words, alignment) if texts else words
            hypotheses.append((output, alignment))
        return hypotheses


def outputs_and_alignments(results, options, return_alignments):
    """Returns the result of `generate`: one hypothesis for each source, or all requested ones.

    Args:
        results: lists of pairs of an output and its alignment.
        options: of the search.
        return_alignments: whether the alignments are returned too.
    """
    outputs, alignments = (
        [[each[part] for each in hypotheses] for hypotheses in results] for part in (0, 1)
    )
    if max(options.get("num_hypotheses", 1), options.get("num_samples", 1)) == 1:
        outputs, alignments = [each[0] for each in outputs], [each[0] for each in alignments]
    return (outputs, alignments) if return_alignments else outputs
