"""Arguments that the models which write sequences share."""

from keras_attn.datasets.text_tokenizer import END, TextTokenizer
from keras_attn.layers.arguments import positive_integer


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
