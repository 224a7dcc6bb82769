"""Weights set by hand for cells with an external memory."""

import keras
import numpy as np


def identity(features):
    """Returns a controller that is the identity, once `Heads.set` has set its weights."""
    return keras.layers.Dense(features, use_bias=False, name="identity")


class Heads:
    """Weights of the projection of a cell, by the names of its parts, to be filled before `set`.

    Attributes:
        kernel: by name, zeros `(units, heads, width)`.
        bias: by name, zeros `(heads, width)`.
    """

    def __init__(self, cell):
        self.cell = cell
        self.kernel = {name: np.zeros((cell.units, *part)) for name, part in cell.parts.items()}
        self.bias = {name: np.zeros(part) for name, part in cell.parts.items()}

    def set(self):
        """Sets the weights of the built cell, and of its controller, made by `identity`."""
        cell = self.cell
        kernel = cell.controller.cell.kernel
        kernel.assign(np.eye(*kernel.shape))
        kernels = [each.reshape(cell.units, -1) for each in self.kernel.values()]
        cell.heads.kernel.assign(np.concatenate(kernels, axis=1))
        cell.heads.bias.assign(np.concatenate([each.reshape(-1) for each in self.bias.values()]))
