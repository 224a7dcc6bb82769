"""The base of all data sets that are made in batches."""

from concurrent.futures import ThreadPoolExecutor

import keras

from keras_attn.datasets.batch_number import batch_number
from keras_attn.datasets.warping import check_count


class Batches(keras.utils.PyDataset):
    """Batches by number, the same ones however many workers make them.

    Keras's own workers run ahead of training: on PyTorch and JAX what they have made before an
    epoch is ended is handed out in the next one, which then sees some examples twice and others not
    at all. So Keras sees one worker, and the threads share the work of each batch instead.

    A subclass has `__len__`, the number of batches, and `make_batch(number)`.

    Args:
        workers: Non-negative integer, number of threads that make a batch.
        use_multiprocessing: Boolean; threads are used in either case.
        max_queue_size: Positive integer, has no effect.

    Raises:
        ValueError: If `workers` is negative or no integer.
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        super().__init__(max_queue_size=max_queue_size)
        self.workers = workers

    @property
    def workers(self):
        """The number of workers that Keras starts."""
        return 1

    @workers.setter
    def workers(self, value):
        self._threads = check_count(value, "workers", 0)

    @property
    def use_multiprocessing(self):
        """Whether Keras starts processes."""
        return False

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
