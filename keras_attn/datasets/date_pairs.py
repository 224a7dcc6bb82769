"""Dates as people write them, and as ISO 8601 writes them."""

import numpy as np

from keras_attn.datasets.warping import check_count, streams

FIRST, LAST = np.datetime64("1950-01-01"), np.datetime64("2050-01-01")
# One day of eight is kept for the test, whatever form it is written in.
TEST_EVERY = 8

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# `{d}` 5, `{dd}` 05, `{th}` 5th, `{m}` 3, `{mm}` 03, `{mon}` Mar, `{month}` March, `{y}` 2019,
# `{yy}` 19, `{w}` Tue, `{weekday}` Tuesday.
_DAYS = ("{d}", "{dd}", "{th}")
_NUMBERS = ("{d}{s}{m}{s}{year}", "{dd}{s}{mm}{s}{year}")
FORMS = tuple(
    dict.fromkeys(
        [
            # Where numbers alone would be ambiguous, the sign between them tells: 5.3.2019 and
            # 5-3-2019 begin with the day, 3/5/2019 with the month, 2019/3/5 with the year.
            *(
                form.format(s=sign, year=year, d="{d}", dd="{dd}", m="{m}", mm="{mm}")
                for form in _NUMBERS
                for sign in (".", "-", ". ")
                for year in ("{y}", "{yy}")
            ),
            *("{m}/{d}/{y}", "{mm}/{dd}/{y}", "{m}/{d}/{yy}", "{mm}/{dd}/{yy}"),
            *("{y}/{mm}/{dd}", "{y}/{m}/{d}", "{y}.{mm}.{dd}", "{y}{mm}{dd}", "{y}-{m}-{d}"),
            # Months in letters.
            *(
                form.replace("D", day).replace("M", month)
                for day in _DAYS
                for month in ("{mon}", "{month}")
                for form in (
                    "D M {y}",
                    "D M, {y}",
                    "M D, {y}",
                    "M D {y}",
                    "{w} D M {y}",
                    "{w}, M D, {y}",
                    "{weekday}, D M {y}",
                    "{weekday}, M D, {y}",
                    "{y} M D",
                    "{y}, D M",
                )
            ),
            *(f"{day}{sign}{{mon}}{sign}{{y}}" for day in _DAYS[:2] for sign in ("-", "/", ".")),
            *(f"{day}-{{mon}}-{{yy}}" for day in _DAYS[:2]),
            *(
                "the {th} of {month}, {y}",
                "the {th} of {month} {y}",
                "{weekday} the {th} of {month} {y}",
            ),
            *("{month} the {th}, {y}", "{th} of {mon} {y}", "{th} day of {month} in {y}"),
            *("{mon}. {d}, {y}", "{d}. {month} {y}", "{d}. {mon} {y}", "{d} {mon}. {y}"),
            *("{mon} {d} '{yy}", "{d} {mon} '{yy}", "{month} {d} '{yy}", "{d} {month} '{yy}"),
        ]
    )
)


def date_pairs(split="train", num_pairs=20_000, seed=0, lowercase=True):
    """Dates in over a hundred written forms, and the same dates as `YYYY-MM-DD`.

    A small translation task that needs no download: the machine has to find day, month and year in
    `"thursday, the 5th of march 2019"` and put them in order. The days are of 1950 to 2049, so that
    two digits of a year are enough; where numbers alone would be ambiguous, the sign between them
    tells. One day of eight is never in the training set, in any form.

    Args:
        split: `"train"` or `"test"`.
        num_pairs: how many.
        seed: non-negative integer, or several. The first pairs do not depend on how many follow.
        lowercase: whether the written forms are in lower case.

    Returns:
        `(written, iso)`, two lists of strings.

    Raises:
        ValueError: for an unknown split or a number that is no positive integer.

    Example:

    >>> written, iso = keras_attn.datasets.date_pairs(num_pairs=3)
    >>> len(written), [len(date) for date in iso]
    (3, [10, 10, 10])
    """
    if split not in ("train", "test"):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    num_pairs = check_count(num_pairs, "num_pairs")
    day_stream, form_stream = streams(seed, 2)
    days = np.arange((LAST - FIRST).astype(int))
    # A fixed choice of days: a test set is unseen whatever seed the training set was drawn with.
    kept = np.random.default_rng(0).permutation(len(days)) % TEST_EVERY == 0
    days = days[kept == (split == "test")]
    chosen = FIRST + days[day_stream.integers(0, len(days), num_pairs)]
    forms = form_stream.integers(0, len(FORMS), num_pairs)
    iso = [str(date) for date in chosen]
    written = [_written(date, FORMS[form]) for date, form in zip(iso, forms, strict=True)]
    return [text.lower() for text in written] if lowercase else written, iso


def _written(iso, form):
    """The date `YYYY-MM-DD` in one of `FORMS`."""
    year, month, day = map(int, iso.split("-"))
    weekday = WEEKDAYS[(np.datetime64(iso).astype(int) + 3) % 7]  # day 0, in 1970, was a Thursday
    return form.format(
        d=day,
        dd=f"{day:02}",
        th=f"{day}{_ordinal(day)}",
        m=month,
        mm=f"{month:02}",
        mon=MONTHS[month - 1][:3],
        month=MONTHS[month - 1],
        y=year,
        yy=f"{year % 100:02}",
        w=weekday[:3],
        weekday=weekday,
    )


def _ordinal(day):
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
