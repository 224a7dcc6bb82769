"""Random numbers of a training pass, of which a computation takes each one once."""

import fnmatch


class Noise:
    """Draws of the layers of a model.

    Args:
        draws: Dictionary of `tests.draws.recorded_draws`, or `None` for inference, in which nothing
            is drawn.
    """

    def __init__(self, draws=None):
        self.training = draws is not None
        self._left = {layer: list(each) for layer, each in (draws or {}).items()}

    def take(self, layer, shape):
        """Returns the only numbers with this shape that a layer has drawn, once.

        Args:
            layer: Path of the layer within the model, in which `*` matches anything.
            shape: Shape of the numbers.
        """
        (layer,) = fnmatch.filter(self._left, layer)
        left = self._left[layer]
        (place,) = [i for i, each in enumerate(left) if each.shape == tuple(shape)]
        return left.pop(place).astype("float64")

    def dropped(self, values, rate, layer="drop"):
        """Drops a fraction `rate` of values in training, and divides the others by `1 - rate`."""
        if not self.training or not rate:
            return values
        return values * (self.take(layer, values.shape) >= rate) / (1 - rate)

    def assert_all_taken(self):
        assert not any(self._left.values()), self._left
