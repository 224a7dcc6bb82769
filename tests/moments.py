"""Checks of random draws: range, extremes and first moments.

Tolerances are 5 standard errors: of draws from the right distribution, a check fails about once in
a million seeds. `error` is the largest error of a value that was measured instead of drawn.
"""

import numpy as np


def check_uniform(values, low, high, error=1e-6):
    """Asserts that values are uniform between `low` and `high` and reach out to both."""
    values = np.asarray(values, "float64").ravel()
    width, count = high - low, values.size
    # The probability that no value lies in such a part of the range is exp(-14).
    tail = 14 * width / count
    assert low - error <= values.min() <= low + tail + error
    assert high - tail - error <= values.max() <= high + error
    check_moments(values, (low + high) / 2, width**2 / 12, width**4 / 80, error)


def check_normal(values, stddev):
    """Asserts that values are normal with mean 0, by the first four moments."""
    values = np.asarray(values, "float64").ravel() / stddev
    check_moments(values, 0, 1, 3)
    # Variances of the third and the fourth power of a standard normal variable: 15 and 96.
    assert abs(np.mean(values**3)) <= 5 * (15 / values.size) ** 0.5
    assert abs(np.mean(values**4) - 3) <= 5 * (96 / values.size) ** 0.5


def check_moments(values, mean, variance, fourth=None, error=0.0):
    """Asserts mean and variance of values.

    Args:
        values: an array.
        mean, variance: of the distribution.
        fourth: Fourth central moment; `None` for at most that of a normal distribution.
        error: of a value.
    """
    values = np.asarray(values, "float64").ravel()
    fourth = 3 * variance**2 if fourth is None else fourth
    assert abs(values.mean() - mean) <= 5 * (variance / values.size) ** 0.5 + error
    square = np.mean((values - mean) ** 2)
    tolerance = 5 * ((fourth - variance**2) / values.size) ** 0.5
    assert abs(square - variance) <= tolerance + 2 * variance**0.5 * error + error**2


def check_same_moments(values, others):
    """Asserts that two samples `(N, columns)` have the same means and second moments."""
    values, others = (np.asarray(each, "float64") for each in (values, others))
    for power in (0, 1):
        for column in range(values.shape[1]):
            pair = [
                each[:, column:] * each[:, [column]] if power else each[:, [column]]
                for each in (values, others)
            ]
            error = np.sqrt(sum(each.var(axis=0) / len(each) for each in pair))
            assert np.all(np.abs(pair[0].mean(axis=0) - pair[1].mean(axis=0)) <= 5 * error)


def check_frequencies(counts, probabilities):
    """Asserts that outcomes occur as often as they are likely.

    Outcomes that are expected less than ten times are counted together, but for impossible ones.
    """
    counts, probabilities = np.asarray(counts), np.asarray(probabilities, "float64")
    rare = (counts.sum() * probabilities < 10) & (probabilities > 0)
    counts, probabilities = (
        np.append(each[~rare], each[rare].sum()) for each in (counts, probabilities)
    )
    expected = counts.sum() * probabilities
    deviation = np.sqrt(expected * np.maximum(1 - probabilities, 0))
    assert np.all(np.abs(counts - expected) <= 5 * deviation + 1e-6), (counts, expected)


def check_integers(values, low, high):
    """Asserts that values are integers from `low` to `high`, all equally likely."""
    values = np.asarray(values)
    assert np.array_equal(values, values.astype(int))
    assert low <= values.min()
    assert values.max() <= high
    counts = np.bincount(values.astype(int).ravel() - low, minlength=high - low + 1)
    check_frequencies(counts, np.full(len(counts), 1 / len(counts)))


def check_independent(*columns):
    """Asserts that no two columns are correlated."""
    table = np.stack([np.asarray(each, "float64").ravel() for each in columns])
    correlation = np.corrcoef(table) - np.eye(len(table))
    assert np.abs(correlation).max() <= 5 / table.shape[1] ** 0.5
