import operator


def batch_number(index, batches):
    """Which batch an index means, from 0; negative ones count from the end.

    Args:
        index: an integer in [-batches, batches - 1].
        batches: how many there are.

    Raises:
        IndexError: for an index outside of that range, which is also what ends a `for` loop.
    """
    number = operator.index(index)
    if not -batches <= number < batches:
        raise IndexError(f"Batch {index} was asked for, and there are {batches}.")
    return number % batches
