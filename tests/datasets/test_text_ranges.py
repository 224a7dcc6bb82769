"""Generated dates, words and headlines: their letters, and the frequency of each kind."""

import datetime
import re

import numpy as np
import pytest

from keras_attn.datasets import date_pairs, headline_pairs, romanized_words
from keras_attn.datasets.date_pairs import FORMS
from keras_attn.datasets.headline_pairs import (
    ASIDES,
    COUNTRIES,
    DAYS,
    GOODS,
    GROUPS,
    HAZARDS,
    NUMBERS,
    PEOPLE,
    PLACES,
    STORIES,
    TEAMS,
    VOICES,
)
from tests.moments import check_frequencies, check_independent, check_integers, check_uniform

pytestmark = pytest.mark.once

ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
START = datetime.date(1950, 1, 1)


def fields(day):
    """Returns the fields of the date forms, computed by the standard library."""
    return {
        "d": day.day,
        "dd": f"{day:%d}",
        "th": f"{day.day}{ENDINGS.get(day.day, 'th')}",
        "m": day.month,
        "mm": f"{day:%m}",
        "mon": f"{day:%b}",
        "month": f"{day:%B}",
        "y": day.year,
        "yy": f"{day:%y}",
        "w": f"{day:%a}",
        "weekday": f"{day:%A}",
    }


@pytest.fixture(scope="module")
def dates():
    texts, iso = date_pairs(num_pairs=6000, lowercase=False)
    return texts, [datetime.date.fromisoformat(each) for each in iso]


def test_dates_are_uniform_over_a_century(dates):
    days = np.array([(day - START).days for day in dates[1]])
    check_uniform(days, 0, 36_524, error=0.5)
    check_integers([day.weekday() for day in dates[1]], 0, 6)


def test_every_date_is_written_in_one_of_the_forms_all_equally_likely(dates):
    assert len(FORMS) > 100
    counts = dict.fromkeys(FORMS, 0)
    for text, day in zip(*dates, strict=True):
        parts = fields(day)
        forms = [form for form in FORMS if form.format(**parts) == text]
        assert forms, (text, day)
        # Only small numbers tell all forms apart, and May is not shortened.
        if day.day < 10 and day.month < 10 and day.month != 5:
            (form,) = forms
            counts[form] += 1
    counts = np.array(list(counts.values()))
    expected = counts.sum() / len(FORMS)
    assert expected > 8
    # Pearson's statistic, with as many degrees of freedom as there are other forms.
    freedom = len(FORMS) - 1
    statistic = np.sum((counts - expected) ** 2) / expected
    assert abs(statistic - freedom) < 5 * (2 * freedom) ** 0.5


def test_lower_case_is_the_default(dates):
    assert date_pairs(num_pairs=6000)[0] == [text.lower() for text in dates[0]]


def test_one_day_of_eight_is_for_the_test():
    days = len(set(date_pairs("test", num_pairs=20_000)[1]))
    # How many of 4566 days are drawn at least once.
    missing = np.exp(-20_000 / 4566)
    assert abs(days - 4566 * (1 - missing)) < 5 * (4566 * missing) ** 0.5 + 1


# The romanization of maps, letter by letter.
LATIN = dict(zip("абвгдезиклмнопрстуфы", "abvgdeziklmnoprstufy", strict=True))
LATIN |= {"ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch"}
LATIN |= {"ю": "yu", "я": "ya"}
VOWELS = "аеиоуыюя"


@pytest.fixture(scope="module")
def words():
    return romanized_words(num_pairs=4000)


def test_words_are_romanized_letter_by_letter(words):
    for latin, cyrillic in zip(*words, strict=True):
        letters = [LATIN[letter] for letter in cyrillic]
        if cyrillic[0] == "е":
            letters[0] = "ye"
        assert latin == "".join(letters)
        assert "тс" not in cyrillic  # would read like the letter ts


def test_words_have_1_to_4_syllables(words):
    syllables = np.array([sum(word.count(vowel) for vowel in VOWELS) for word in words[1]])
    check_integers(syllables, 1, 4)
    longer = romanized_words(num_pairs=1000, max_syllables=6)[1]
    check_integers([sum(word.count(vowel) for vowel in VOWELS) for word in longer], 1, 6)


def test_letters_of_words_are_equally_likely(words):
    begins_with_vowel = np.array([word[0] in VOWELS for word in words[1]])
    count = begins_with_vowel.sum()
    check_frequencies([count, len(words[1]) - count], [0.3, 0.7])
    consonants = sorted(set(LATIN) - set(VOWELS) - {"й"})
    assert len(consonants) == 20
    first = [word[0] for word in words[1] if word[0] in consonants]
    check_integers([consonants.index(letter) for letter in first], 0, 19)
    # No word begins with ы: о takes its place.
    first = [word[0] for word in words[1] if word[0] in VOWELS]
    chances = [2 / 8 if vowel == "о" else 0 if vowel == "ы" else 1 / 8 for vowel in VOWELS]
    check_frequencies([first.count(vowel) for vowel in VOWELS], chances)
    # The vowel of a last syllable, and its end, which is open or one of eight consonants.
    endings = [re.search(f"([{VOWELS}])([^{VOWELS}]?)$", word) for word in words[1]]
    endings = [ending.groups() for ending in endings if ending.start()]
    check_integers([VOWELS.index(vowel) for vowel, _ in endings], 0, 7)
    codas = ["", *"йнрлмктс"]
    check_integers([codas.index(coda) for _, coda in endings], 0, 8)


@pytest.fixture(scope="module")
def stories():
    """Story, words by their names, and aside or `None` of each pair; and sizes of word lists."""
    groups = {
        "city": PLACES, "person": PEOPLE, "day": DAYS, "number": NUMBERS, "goods": GOODS,
        "group": GROUPS, "hazard": HAZARDS, "country": COUNTRIES, "abroad": COUNTRIES,
        "team": TEAMS, "other": TEAMS,
    }  # fmt: skip
    patterns = []
    for sentence, headline in STORIES:
        names = set(re.findall(r"{(\w+)}", sentence))
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>\\w+)", sentence)
        patterns.append((re.compile(rf"{pattern}(?:, (?P<aside>.+))?\."), headline, names))
    found = []
    for sentence, headline in zip(*headline_pairs(num_pairs=4000), strict=True):
        ((number, match),) = [
            (number, match)
            for number, (pattern, _, _) in enumerate(patterns)
            if (match := pattern.fullmatch(sentence))
        ]
        words = match.groupdict()
        aside = words.pop("aside")
        assert headline == patterns[number][1].format(**words)
        for name, word in words.items():
            assert word in groups[name]
        found.append((number, {n: groups[n].index(word) for n, word in words.items()}, aside))
    return found, {name: len(group) for name, group in groups.items()}


def test_stories_and_their_words_are_equally_likely(stories):
    found, sizes = stories
    check_integers([number for number, _, _ in found], 0, 9)
    for name, size in sizes.items():
        drawn = np.array([words[name] for _, words, _ in found if name in words])
        if len(drawn) > 20 * size:
            check_integers(drawn, 0, size - 1)
        else:
            check_uniform(drawn, 0, size - 1, error=0.5)
    for one, other in (("country", "abroad"), ("team", "other")):
        pairs = [(words[one], words[other]) for _, words, _ in found if other in words]
        assert all(first != second for first, second in pairs)
    check_independent(
        *np.array([[w["goods"], w["group"]] for _, w, _ in found if {"goods", "group"} <= set(w)]).T
    )


def test_seven_sentences_of_ten_have_an_aside(stories):
    found, _ = stories
    asides = [aside for _, _, aside in found]
    count = sum(aside is not None for aside in asides)
    check_frequencies([count, len(asides) - count], [0.7, 0.3])
    voices = [re.compile(voice.format(person=r"\w+")) for voice in VOICES]
    kinds = []
    for _, words, aside in found:
        if aside is None:
            continue
        kind = next(
            (len(ASIDES) + n for n, voice in enumerate(voices) if voice.fullmatch(aside)), None
        )
        if "person" in words:
            # Somebody else would stand in the headline.
            assert kind is None
        kinds.append((ASIDES.index(aside) if kind is None else kind, "person" in words))
    named = [kind for kind, person in kinds if person]
    check_integers(named, 0, len(ASIDES) - 1)
    others = [kind for kind, person in kinds if not person]
    check_integers(others, 0, len(ASIDES) + len(VOICES) - 1)
