"""Independent computations of applications, from the equations of their papers."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field

import keras

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
            method of the model; its value is a structure like the result of the method.
        training: Function `(p, draws, targets, **arrays) -> dict` of a training pass, or `None` if
            training differs from inference only by the loss of Keras. `draws` is the dictionary of
            `tests.draws.recorded_draws`. Keys of the result: "loss", the loss with all added
            losses, and "outputs" like those of `forward`. Optional keys: "weights", a dictionary of
            the weights that the pass changes by symbol, all others stay; "losses", the losses of
            the examples that `sample_weight` multiplies; "metrics", a dictionary of the metrics by
            name, with a number for each example.
        calls: Dictionary, name of a method → function `(model, inputs)` that calls it, of methods
            that take more than the inputs.
        gain: Factor on all kernels. With the weights of `randomise`, deep networks and attention
            weights hardly depend on some parameters, and errors would be below the tolerance.
    """

    symbols: dict[str, str]
    forward: Callable
    training: Callable | None = None
    calls: dict[str, Callable] = field(default_factory=dict)
    gain: float = 1.0

    def model(self, case):
        """Returns the model of a case."""
        model = case.model()
        for weight in model.weights:
            if len(weight.shape) >= 2 and self.gain != 1.0:
                weight.assign(self.gain * weight)
        return model

    def parameters(self, model):
        """Returns the weights of a model by symbol; each weight has exactly one symbol."""
        # Keras 3.12 leaves a layer outside of the graph, the encoder of a loss, out of
        # `model.weights`.
        encoder = getattr(model, "encoder", None)
        parts = [model, encoder] if isinstance(encoder, keras.Layer) else [model]
        weights = {
            weight.path.removeprefix(f"{model.name}/"): to_numpy(weight)
            for layer in parts
            for weight in layer.weights
        }
        found = {
            symbol: fnmatch.filter(weights, pattern) for symbol, pattern in self.symbols.items()
        }
        assert all(len(paths) == 1 for paths in found.values()), found
        assert sorted(path for (path,) in found.values()) == sorted(weights)
        return {symbol: weights[path] for symbol, (path,) in found.items()}
