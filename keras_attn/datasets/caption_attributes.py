import re
from collections import Counter

import numpy as np

from keras_attn.datasets.warping import check_count
from keras_attn.layers.arguments import list_of_strings

# Words that say nothing of what is in a picture.
FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the this that these those some his her its their he she it they there who which
        is are was were be been being am has have had do does
        and or but while as than to of in on at by for from with without into onto over under
        up down out off near next through across behind above below between along""",
    )
)
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def caption_attributes(captions, attributes=None, count=1000, ignore=FUNCTION_WORDS):
    """Derives the targets of an attribute detector from the captions of images.

    Args:
        captions: for each image a list of sentences.
        attributes: the words that count; by default the `count` that are in the captions of most
            images.
        count: see above.
        ignore: words that are no attributes.

    Returns:
        The attributes, a list of lower-case words, the most frequent first, and float32 `(images,
        attributes)`: 1 where a caption of the image names the attribute.

    Raises:
        ValueError: If captions, attributes or ignored words are not lists of strings, no attribute
            is left, or `count` is not a positive integer.

    Example:

    >>> captions = [["A red star.", "a star"], ["a ring left of a star"]]
    >>> attributes, targets = keras_attn.datasets.caption_attributes(captions, count=2)
    >>> attributes, targets.tolist()
    (['star', 'left'], [[1.0, 0.0], [1.0, 1.0]])
    """
    count = check_count(count, "count")
    for texts in (captions, *captions) if hasattr(captions, "__iter__") else (captions,):
        if isinstance(texts, str) or not hasattr(texts, "__iter__"):
            raise ValueError(
                f"`captions` must be a list of lists of strings. Received: captions={texts!r}"
            )
    captions = [list_of_strings("captions", texts) for texts in captions]
    ignore = set(list_of_strings("ignore", ignore))
    named = [{word for text in texts for word in WORD.findall(text.lower())} for texts in captions]
    if attributes is None:
        images = Counter(word for words in named for word in sorted(words - ignore))
        # Of equally frequent ones the first in the alphabet.
        order = sorted(images, key=lambda word: (-images[word], word))
        attributes = order[:count]
    attributes = list_of_strings("attributes", attributes)
    if not attributes:
        raise ValueError("`captions` must name something. Received: no word that is an attribute")
    targets = np.array([[word in words for word in attributes] for words in named], "float32")
    return attributes, targets.reshape(len(named), len(attributes))
