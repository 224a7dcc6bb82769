"""Made-up news: first sentences, and their headlines."""

import zlib

from keras_attn.datasets.warping import check_count, streams

# One pair of eight is kept for the test.
TEST_EVERY = 8

COUNTRIES = (
    "france", "kenya", "brazil", "japan", "norway", "egypt", "india", "canada", "chile", "poland",
    "ghana", "vietnam", "spain", "peru", "turkey", "finland",
)  # fmt: skip
# Names: 80 places and 80 people.
PLACE_STEMS = ("ash", "black", "brook", "dun", "hart", "mill", "oak", "stan", "thorn", "west")
PLACE_ENDINGS = ("bridge", "bury", "field", "ford", "ham", "ley", "ton", "wick")
PERSON_STEMS = ("ander", "beck", "dahl", "falk", "holm", "jan", "lund", "oster", "rosen", "stein")
PERSON_ENDINGS = ("aro", "elli", "ermann", "ic", "ova", "quist", "sen", "stedt")
PLACES = tuple(stem + ending for stem in PLACE_STEMS for ending in PLACE_ENDINGS)
PEOPLE = tuple(stem + ending for stem in PERSON_STEMS for ending in PERSON_ENDINGS)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")
GOODS = ("rice", "steel", "oil", "coffee", "wheat", "copper", "cotton", "sugar", "gold", "timber")
GROUPS = ("miners", "teachers", "pilots", "nurses", "farmers", "students", "drivers", "doctors")
TEAMS = ("lions", "eagles", "sharks", "wolves", "bears", "hawks", "tigers", "rovers")
HAZARDS = ("flood", "storm", "fire", "tremor", "landslide", "blast", "crash", "blizzard")
ASIDES = (
    "officials said", "state media reported", "according to a spokesman", "witnesses said",
    "the ministry announced", "local radio reported",
)  # fmt: skip
# These name somebody who is not in the headline.
VOICES = (
    "mayor {person} told reporters", "a spokeswoman, {person}, said",
    "according to the analyst {person}", "judge {person} confirmed", "union leader {person} said",
)  # fmt: skip

# A sentence, and the headline that a desk would make of it: in the present, without articles.
STORIES = (
    (
        "the government of {country} said on {day} that it would raise taxes on imported {goods}",
        "{country} to raise taxes on {goods}",
    ),
    (
        "at least {number} people were killed when a {hazard} struck the outskirts of {city}",
        "{hazard} kills {number} in {city}",
    ),
    (
        "thousands of {group} in {city} walked off their jobs on {day} to demand higher pay",
        "{city} {group} strike for higher pay",
    ),
    (
        "the {team} of {city} beat the visiting {other} on {day} to reach the final",
        "{team} beat {other} to reach final",
    ),
    (
        "exports of {goods} from {country} rose by {number} percent in the first quarter",
        "{country} {goods} exports up {number} percent",
    ),
    (
        "police in {city} arrested {number} {group} on {day} during a protest over {goods} prices",
        "{number} {group} arrested in {city} protest",
    ),
    (
        "{country} and {abroad} signed an agreement in {city} on {day} to end a row over {goods}",
        "{country}, {abroad} end {goods} row",
    ),
    (
        "rescuers reached {number} {group} who were trapped since {day} by a {hazard} near {city}",
        "{number} {group} rescued after {city} {hazard}",
    ),
    (
        "the trade minister of {country}, {person}, resigned on {day} after a report on {goods}",
        "{country} trade minister {person} resigns",
    ),
    (
        "a court in {city} sentenced the banker {person} to {number} years for smuggling {goods}",
        "banker {person} jailed for {goods} smuggling",
    ),
)


def headline_pairs(split="train", num_pairs=8000, seed=0):
    """Made-up first sentences of news, and their headlines.

    A small task of summarization that needs no download: a headline takes words from all over the
    sentence, in another order and in the present, and leaves out the rest.

    Args:
        split: `"train"` or `"test"`; no sentence is in both.
        num_pairs: how many.
        seed: non-negative integer, or several.

    Returns:
        `(sentences, headlines)`, two lists of strings.

    Raises:
        ValueError: for an unknown split or a number that is no positive integer.

    Example:

    >>> sentences, headlines = keras_attn.datasets.headline_pairs(num_pairs=3)
    >>> max(len(each.split()) for each in headlines) < min(len(each.split()) for each in sentences)
    True
    """
    if split not in ("train", "test"):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    num_pairs = check_count(num_pairs, "num_pairs")
    (generator,) = streams(seed, 1)
    sentences, headlines = [], []
    while len(sentences) < num_pairs:
        sentence, headline = _story(generator)
        if (zlib.crc32(sentence.encode()) % TEST_EVERY == 0) == (split == "test"):
            sentences.append(sentence)
            headlines.append(headline)
    return sentences, headlines


def _story(generator):
    """A sentence and its headline."""

    def choice(words, count=1):
        return [words[place] for place in generator.permutation(len(words))[:count]]

    (country, abroad), (team, other) = choice(COUNTRIES, 2), choice(TEAMS, 2)
    words = {
        name: choice(group)[0]
        for name, group in (
            ("city", PLACES), ("person", PEOPLE), ("day", DAYS), ("number", NUMBERS),
            ("goods", GOODS), ("group", GROUPS), ("hazard", HAZARDS),
        )
    }  # fmt: skip
    words |= {"country": country, "abroad": abroad, "team": team, "other": other}
    sentence, headline = STORIES[generator.integers(len(STORIES))]
    asides = ASIDES if "{person}" in sentence else ASIDES + VOICES
    if generator.random() < 0.7:
        sentence = f"{sentence}, {choice(asides)[0]}"
    return f"{sentence}.".format(**words), headline.format(**words)
