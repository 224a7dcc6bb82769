"""Independent computations of applications, from the equations of their papers."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.backend import to_numpy


@dataclass(frozen=True)
class Oracle:
    """NumPy computation of one case of an application.

    Args:
        symbols: Dictionary, symbol of the paper → path of the weight within the model. A `*` in a
            path stands for numbers that Keras appends to names.
        forward: Function `(p, **arrays) -> dict` of the inference. `p` is a dictionary of arrays by
            symbol, `arrays` are the inputs of the case. Key "outputs" of the result: list of
            arrays in the order of the flattened outputs of the model. Any other key: name of a
            method of the model; its value is a list like the flattened result of the method.
            Methods are called with the inputs as the model takes them, or by `calls`.
        training: Function `(p, draws, targets, **arrays) -> dict` of a training pass, or `None` if
            training differs from inference only by the loss of Keras. `draws` is the dictionary of
            `tests.draws.recorded_draws`. Keys of the result: "loss", the loss with all added
            losses, and "outputs" like those of `forward`.
    """

    symbols: dict[str, str]
    forward: Callable
    training: Callable | None = None
    calls: dict[str, Callable] = field(default_factory=dict)

    def parameters(self, model):
        """Returns the weights of a model by symbol; each weight has exactly one symbol."""
        weights = {
            weight.path.removeprefix(f"{model.name}/"): to_numpy(weight) for weight in model.weights
        }
        found = {
            symbol: fnmatch.filter(weights, pattern) for symbol, pattern in self.symbols.items()
        }
        assert all(len(paths) == 1 for paths in found.values()), found
        assert sorted(path for (path,) in found.values()) == sorted(weights)
        return {symbol: weights[path] for symbol, (path,) in found.items()}
