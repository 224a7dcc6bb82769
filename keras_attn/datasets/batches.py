"""Base class of the data sets that are made batch by batch."""

from concurrent.futures import ThreadPoolExecutor

import keras

from keras_attn.datasets.batch_number import batch_number
from keras_attn.datasets.warping import check_count


class Batches(keras.utils.PyDataset):
    """Data set of numbered batches that do not depend on the number of workers.

    The workers of Keras prefetch batches. On PyTorch and JAX, batches prefetched before the end of
    an epoch are used in the next epoch, which then repeats some examples and skips others.
    Therefore Keras starts no workers, and `workers` threads share the work of each batch.

    A subclass implements `__len__`, the number of batches, and `make_batch(number)`.

    Args:
        workers: Non-negative integer, number of threads that make a batch.
        use_multiprocessing: Boolean, without effect: threads are always used.
        max_queue_size: Positive integer, without effect.

    Raises:
        ValueError: If `workers` is not a non-negative integer.
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        super().__init__(max_queue_size=max_queue_size)
        self.workers = workers

    @property
    def workers(self):
        """Always 1: Keras reads the batches in its own thread."""
        return 1

    @workers.setter
    def workers(self, value):
        self._threads = check_count(value, "workers", 0)

    @property
    def use_multiprocessing(self):
        """Always `False`: Keras starts no processes."""
        return False

    @use_multiprocessing.setter
    def use_multiprocessing(self, value):
        pass

    def __getitem__(self, index):
        return self.make_batch(batch_number(index, len(self)))

    def make_batch(self, number):
        """Makes a batch.

        Args:
            number: Integer in `[0, len(self))`.
        """
        raise NotImplementedError

    def map(self, function, items):
        """Returns the list of `function(item)`, computed by the workers."""
        if self._threads < 2:
            return [function(item) for item in items]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(function, items))
