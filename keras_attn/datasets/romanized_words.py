"""Made-up words in Latin and in Cyrillic letters."""

import zlib

from keras_attn.datasets.warping import check_count, streams

# One word of eight is kept for the test.
TEST_EVERY = 8

CONSONANTS = {
    **{"б": "b", "в": "v", "г": "g", "д": "d", "ж": "zh", "з": "z", "к": "k", "л": "l", "м": "m"},
    **{"н": "n", "п": "p", "р": "r", "с": "s", "т": "t", "ф": "f", "х": "kh", "ц": "ts"},
    **{"ч": "ch", "ш": "sh", "щ": "shch"},
}
VOWELS = {"а": "a", "е": "e", "и": "i", "о": "o", "у": "u", "ы": "y", "ю": "yu", "я": "ya"}
CODAS = {"": "", "й": "y", **{letter: CONSONANTS[letter] for letter in "нрлмктс"}}


def romanized_words(split="train", num_pairs=10_000, max_syllables=4, seed=0):
    """Made-up words in Latin letters, and the same words in Cyrillic.

    A small task of transliteration that needs no download. Words are of syllables as in Russian,
    and romanised as maps do it: `shchanyr`, `щаныр`. Two to four Latin letters may stand for one,
    `y` is `ы` after a consonant, `й` after a vowel and a part of `ю` and `я`, and `е` is `ye` where
    it begins the word, so that letters can only be read from those around them. Every word can be
    read in one way.

    Args:
        split: `"train"` or `"test"`; no word is in both.
        num_pairs: how many, some of them alike.
        max_syllables: of a word; the number is uniform from 1.
        seed: non-negative integer, or several.

    Returns:
        `(latin, cyrillic)`, two lists of strings.

    Raises:
        ValueError: for an unknown split or numbers that are no positive integers.

    Example:

    >>> latin, cyrillic = keras_attn.datasets.romanized_words(num_pairs=3)
    >>> len(latin), len(cyrillic)
    (3, 3)
    """
    if split not in ("train", "test"):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    num_pairs = check_count(num_pairs, "num_pairs")
    max_syllables = check_count(max_syllables, "max_syllables")
    (generator,) = streams(seed, 1)
    latin, cyrillic = [], []
    while len(latin) < num_pairs:
        written, said = _word(generator, generator.integers(1, max_syllables, endpoint=True))
        if (zlib.crc32(written.encode()) % TEST_EVERY == 0) == (split == "test"):
            latin.append(said)
            cyrillic.append(written)
    return latin, cyrillic


def _word(generator, syllables):
    """A word of so many syllables, in Cyrillic and in Latin letters."""
    written = said = coda = ""
    for syllable in range(syllables):
        onset = _choice(generator, CONSONANTS)
        if coda == "т" and onset == "с":
            onset = "ц"  # `ts` is one letter
        bare = syllable == 0 and generator.random() < 0.3  # begins with its vowel
        vowel = _choice(generator, VOWELS)
        if bare:
            onset, vowel = "", "о" if vowel == "ы" else vowel
        coda = _choice(generator, CODAS)
        written += onset + vowel + coda
        said += CONSONANTS.get(onset, "") + ("y" if bare and vowel == "е" else "")
        said += VOWELS[vowel] + CODAS[coda]
    return written, said


def _choice(generator, letters):
    return list(letters)[generator.integers(len(letters))]
