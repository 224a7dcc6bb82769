from keras_attn.ops import kernels
from keras_attn.ops.recurrence import plain_over_steps


def computed_batch_size(count, batch_size):
    """The number of examples that a batch of `count` examples is filled up to.

    Where functions are compiled for each shape it is the next power of two, so that few are
    compiled; where loops run in Python nothing is filled up.

    Args:
        count: Positive integer, at most `batch_size`.
        batch_size: Positive integer, the largest batch.
    """
    if kernels.load("over_steps") in (None, plain_over_steps):
        return count
    return min(batch_size, 1 << (count - 1).bit_length())
