import operator


def batch_number(index, batches):
    """Returns the number of a batch, from 0; negative indices count from the end.

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
