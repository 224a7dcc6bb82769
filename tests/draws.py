"""Recording of the random numbers that a model draws."""

import contextlib
import sys
from unittest import mock

import keras
from keras.src import backend

from keras_attn.ops import random_numbers
from tests.backend import to_numpy


@contextlib.contextmanager
def recorded_draws(model):
    """Records the random numbers that the layers of a model draw in eager calls.

    Args:
        model: Built model.

    Yields:
        Dictionary, path of a layer within the model → list of NumPy arrays in the order of the
        draws: uniform numbers from [0, 1), standard normal numbers, or the dropout masks of Keras
        cells, which hold 0 and 1 / (1 - rate). The path of the model itself is "".
    """
    owners, draws, depth = _owners(model), {}, 0

    def recording(function):
        def draw(*args, **kwargs):
            nonlocal depth
            depth += 1
            numbers = function(*args, **kwargs)
            depth -= 1
            if depth == 0:  # functions of this package call those of Keras
                owner = owners.get(id(kwargs.get("seed", args[-1])))
                draws.setdefault(owner, []).append(to_numpy(numbers))
            return numbers

        return draw

    with contextlib.ExitStack() as stack:
        for name in ("uniform", "normal"):
            function = getattr(random_numbers, name)
            for module in list(sys.modules.values()):
                own = module.__name__.startswith("keras_attn") if hasattr(module, "__name__") else 0
                if own and vars(module).get(name) is function:
                    stack.enter_context(mock.patch.object(module, name, recording(function)))
        for module, name in ((keras.random, "uniform"), (backend.random, "dropout")):
            function = getattr(module, name)
            stack.enter_context(mock.patch.object(module, name, recording(function)))
        yield draws


def _owners(model):
    """Returns a dictionary: id of a seed generator → path of its layer within the model."""
    found = {}
    for layer in model._flatten_layers():
        path = "" if layer is model else (layer.path or layer.name)
        for generator in layer._seed_generators:
            found[id(generator)] = path.removeprefix(f"{model.name}/")
    return found
