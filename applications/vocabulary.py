"""Arguments that the models which write sequences share."""

from keras import ops

from keras_attn.datasets.sequence_pairs import check_integers
from keras_attn.datasets.text_tokenizer import END, PADDING, SPECIAL, START, TextTokenizer
from keras_attn.layers import AlignmentAttention
from keras_attn.layers.arguments import list_of_strings
from keras_attn.ops.checks import check_number, positive_integer


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
    check_number("dropout", dropout, "be in [0, 1)", lambda rate: 0 <= rate < 1)


def check_attention(attention):
    """Refuses what cannot take the place of an alignment layer in a model of words alone.

    Args:
        attention: an argument of the model, None for its own.

    Raises:
        ValueError: for what is no alignment layer, or one that learns by REINFORCE, which needs a
            loss beside that of the words.
    """
    if attention is None:
        return
    if not isinstance(attention, AlignmentAttention):
        raise ValueError(
            f"`attention` must be an alignment layer of keras_attn. Received: attention={attention}"
        )
    if getattr(attention, "estimator", None) == "reinforce":
        raise ValueError(
            '`attention` must not be of estimator="reinforce", which learns by a loss that this '
            f'model has not; "straight_through" needs none. Received: attention={attention}'
        )


def counted_steps(attention, tokens):
    """A mask of the steps of a decoder, for an alignment layer that adds a loss of its weights.

    To others, what is read out after the last word does not matter, and a loop without a mask is
    faster.

    Args:
        attention: the alignment layer.
        tokens: `(batch, steps)`.
    """
    return ops.not_equal(tokens, PADDING) if getattr(attention, "loss_weight", 0) else None


def checked_units(units, embedding_units, dropout):
    """The sizes that all models which write share, checked in one place.

    Args:
        units, embedding_units: of the model.
        dropout: see `check_dropout`.

    Returns:
        `(units, embedding_units)` as integers.

    Raises:
        ValueError: for what is no positive integer, or a fraction outside of [0, 1).
    """
    check_dropout(dropout)
    return positive_integer("units", units), positive_integer("embedding_units", embedding_units)


def names_and_ids(name, inputs, vocabulary_name, vocabulary):
    """Sequences as lists of names and as lists of integers, both with the end.

    Args:
        name: of the argument, for what is said of a wrong one.
        inputs: strings, for a `TextTokenizer`; or lists of integers, with or without start, end and
            padding.
        vocabulary_name, vocabulary: of the model; see `vocabulary_size`.

    Raises:
        ValueError: If `inputs` is not a list, mixes strings with other types, holds strings but
            `vocabulary` is not a tokenizer, or holds integers outside the vocabulary.
    """
    if isinstance(inputs, str):
        raise ValueError(f"`{name}` must be a list of strings. Received: {inputs!r}")
    inputs = list(inputs)
    if any(isinstance(each, str) for each in inputs):
        if not isinstance(vocabulary, TextTokenizer):
            raise ValueError(
                f"`{name}` must be lists of integers, for a model without tokenizers. "
                f"Received: strings, with a vocabulary of {vocabulary}"
            )
        list_of_strings(name, inputs)
        ids = [[*each, END] for each in vocabulary.encode(inputs)]
        return [[*each, SPECIAL[END]] for each in vocabulary.split(inputs)], ids
    check_integers(name, inputs)
    # Rows of an array may be padded, and have their start and end.
    around = (PADDING, START, END)
    ids = [[int(token) for token in row if token not in around] for row in inputs]
    size = vocabulary_size(vocabulary_name, vocabulary)
    outside = [token for row in ids for token in row if not 0 <= token < size]
    if outside:
        raise ValueError(
            f"`{name}` must lie below the vocabulary of {size} and not be negative. "
            f"Received: {outside[0]}"
        )
    ids = [[*row, END] for row in ids]
    return ids, ids
