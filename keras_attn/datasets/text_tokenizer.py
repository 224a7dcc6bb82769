"""Text to integers and back, through Hugging Face's tokenizers."""

import json
import unicodedata

import keras

from keras_attn.layers.arguments import checked_strings, list_of_strings

PADDING, START, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
UNITS = ("word", "bpe", "character")
# Stands for the space before a word, so that text can be put together as it was.
SPACE = "▁"
# White space of `str.split`; `\s` of the library lacks four control characters.
WHITE_SPACE = r"[\s\x1c-\x1f]+"


@keras.saving.register_keras_serializable(package="keras_attn")
class TextTokenizer:
    """Words, pieces of words, or characters as integers, by Hugging Face's `tokenizers`.

    Integer 0 is padding, 1 the start, 2 the end and 3 the unknown. Words and pieces keep the space
    before them, so that `decode` gives back the text; punctuation stands alone. All text is
    normalized (NFC). Words are split at any white space, including line feeds and tabs, which
    `decode` replaces by one space. With `unit="character"` all characters are kept.

    Install the library with `pip install "keras-attn[text]"`. A model that has a tokenizer saves it
    in its own file.

    Args:
        tokenizer: a `tokenizers.Tokenizer`, or its JSON as a string. Its first four tokens must be
            `<pad>`, `<s>`, `</s>` and `<unk>`. See `TextTokenizer.train` for making one.

    Raises:
        ValueError: for a tokenizer with other special tokens.
        ImportError: where `tokenizers` is not installed.

    Example:

    >>> tokenizer = keras_attn.datasets.TextTokenizer.train(["Ein Mann.", "Ein Hund."], "word")
    >>> ids = tokenizer.encode(["Ein Hund."])
    >>> tokenizer.tokens(ids[0]), tokenizer.decode(ids)
    (['Ein', 'Hund', '.'], ['Ein Hund.'])
    """

    def __init__(self, tokenizer):
        library = _library()
        # A copy, which does nothing but what is said here.
        text = tokenizer if isinstance(tokenizer, str) else tokenizer.to_str()
        tokenizer = library.Tokenizer.from_str(text)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # `</s>` in a text is no end.
        tokenizer.encode_special_tokens = True
        special = tuple(tokenizer.id_to_token(number) for number in range(len(SPECIAL)))
        if special != SPECIAL:
            raise ValueError(
                f"`tokenizer` must have {SPECIAL} as its first tokens. Received: {special}"
            )
        self.tokenizer = tokenizer
        parts = json.loads(text)
        # Of words, an unknown one has lost the space before it.
        self._loses_space = parts["model"]["type"] == "WordLevel" and "Metaspace" in str(
            parts["pre_tokenizer"]
        )
        self.pad_id, self.start_id, self.end_id, self.unknown = PADDING, START, END, UNKNOWN

    @classmethod
    def train(cls, texts, unit="word", vocabulary_size=8000, lowercase=False, min_frequency=1):
        """A tokenizer for texts like these.

        Args:
            texts: Iterable of strings, such as a list or a generator.
            unit: `"word"`, `"bpe"` (byte pair encoding: frequent pieces of words, so that only
                characters that these texts do not have are unknown) or `"character"`.
            vocabulary_size: tokens at most, the four special ones included.
            lowercase: whether text is put in lower case.
            min_frequency: how often a token must occur to be known.

        Returns:
            The `TextTokenizer`.

        Raises:
            ValueError: If `texts` is a single string or holds anything but strings, `unit` is
                unknown, or the vocabulary is too small for a single token.
        """
        library = _library()
        if unit not in UNITS:
            raise ValueError(f"`unit` must be one of {UNITS}. Received: unit={unit!r}")
        if vocabulary_size <= len(SPECIAL):
            raise ValueError(
                f"`vocabulary_size` must be more than {len(SPECIAL)}, the special tokens. "
                f"Received: vocabulary_size={vocabulary_size}"
            )
        models, trainers = library.models, library.trainers
        pieces = unit == "bpe"
        model = (
            models.BPE(unk_token=SPECIAL[UNKNOWN])
            if pieces
            else models.WordLevel(unk_token=SPECIAL[UNKNOWN])
        )
        tokenizer = library.Tokenizer(model)
        steps = [library.normalizers.NFC()]
        if lowercase:
            steps.append(library.normalizers.Lowercase())
        split = library.pre_tokenizers
        if unit == "character":
            # (?m): the dot matches line feeds too.
            tokenizer.pre_tokenizer = split.Split(library.Regex("(?m)."), "isolated")
        else:
            steps.append(library.normalizers.Replace(library.Regex(WHITE_SPACE), " "))
            steps.append(library.normalizers.Strip())
            tokenizer.pre_tokenizer = split.Sequence([split.Metaspace(SPACE), split.Punctuation()])
        tokenizer.normalizer = library.normalizers.Sequence(steps)
        trainer = (trainers.BpeTrainer if pieces else trainers.WordLevelTrainer)(
            vocab_size=vocabulary_size,
            min_frequency=min_frequency,
            special_tokens=list(SPECIAL),
            show_progress=False,
            **({"limit_alphabet": vocabulary_size - len(SPECIAL)} if pieces else {}),
        )
        tokenizer.train_from_iterator(checked_strings("texts", texts), trainer)
        return cls(tokenizer)

    @property
    def vocabulary_size(self):
        """The number of tokens, the four special ones included."""
        return self.tokenizer.get_vocab_size()

    def encode(self, texts):
        """Lists of integers, without start and end, one for each text.

        Raises:
            ValueError: If `texts` is a single string or holds anything but strings.
        """
        return [found.ids for found in self._encoded(list_of_strings("texts", texts))]

    def split(self, texts):
        """Lists of strings, one for each text: what each integer of `encode` stands for.

        An unknown word is itself here.

        Raises:
            ValueError: If `texts` is a single string or holds anything but strings.
        """
        texts = [unicodedata.normalize("NFC", text) for text in list_of_strings("texts", texts)]
        return [
            [
                "" if token == SPACE else text[first:last].strip() or text[first:last]
                for token, (first, last) in zip(found.tokens, found.offsets, strict=True)
            ]
            for text, found in zip(texts, self._encoded(texts), strict=True)
        ]

    def decode(self, sequences):
        """The texts of sequences of integers, each up to its end token; padding is skipped."""
        return [self._text(ids) for ids in sequences]

    def tokens(self, ids):
        """The tokens of one sequence as strings, without the space before words; all of them."""
        found = (self.tokenizer.id_to_token(int(number)) for number in ids)
        return [(token or SPECIAL[UNKNOWN]).removeprefix(SPACE) for token in found]

    def _encoded(self, texts):
        return self.tokenizer.encode_batch(texts, add_special_tokens=False)

    def _text(self, ids):
        """The text of one sequence."""
        if self.tokenizer.decoder is not None:
            ids = [int(number) for number in ids]
            ids = ids[: ids.index(END)] if END in ids else ids
            shown = [number for number in ids if number not in (PADDING, START)]
            # Unknown words are special to some tokenizers, and are words here.
            return self.tokenizer.decode(shown, skip_special_tokens=False)
        tokens = []
        for number in map(int, ids):
            if number == END:
                break
            if number not in (PADDING, START):
                tokens.append(self.tokenizer.id_to_token(number) or SPECIAL[UNKNOWN])
        space = SPACE if self._loses_space else ""
        words = (space + each if each == SPECIAL[UNKNOWN] else each for each in tokens)
        return "".join(words).replace(SPACE, " ").strip()

    def get_config(self):
        return {"tokenizer": self.tokenizer.to_str()}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _library():
    """Hugging Face's library, which not everybody needs."""
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            '`TextTokenizer` needs tokenizers: pip install "keras-attn[text]"'
        ) from error
    return tokenizers
