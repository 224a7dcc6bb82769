from typing import Any, NamedTuple


class Alignment(NamedTuple):
    """Attention weights of each generated token.

    Args:
        source: the tokens of the source, strings or integers; or the image that was described.
        target: the tokens of the target.
        weights: attention weights, an array `(target tokens, source tokens)`, or `(target tokens,
            height, width)` over the feature map of an image.

    Example:

    >>> found = keras_attn.decoding.Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
    >>> found.weights.shape
    (2, 2)
    """

    source: list
    target: list
    weights: Any
