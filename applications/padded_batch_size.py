from keras_attn.ops import kernels
from keras_attn.ops.recurrence import plain_over_steps


def padded_batch_size(count, batch_size):
    """Returns the size that a batch of `count` examples is padded to.

    If functions are compiled per shape, this is the next power of two, at most `batch_size`, which
    limits the number of compilations. If loops run in Python, it is `count`.

    Args:
        count: Positive integer, number of examples, at most `batch_size`.
        batch_size: Positive integer, size of the largest batch.
    """
    if kernels.load("over_steps") in (None, plain_over_steps):
        return count
    return min(batch_size, 1 << (count - 1).bit_length())
