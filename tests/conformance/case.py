"""Entries of the conformance registry.

A new layer is one more entry in `registry.py`; nothing here or in the contracts depends on a layer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from tests.backend import inferred, quick


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Base class of the entries of layers and models.

    Args:
        name: String that distinguishes the cases of a class.
        arguments: Dictionary of constructor arguments.
        inputs: Dictionary, name → shape (with the batch) or array, in the order of the inputs. A
            shape stands for normal numbers, the same on every backend.
        compile: Arguments of `Model.compile`, without the optimizer.
        steps: Number of steps of `fit` after which every trainable weight has changed.
        still: Names of trainable weights (ends of their paths) that the loss does not change.
        tolerance: Largest absolute and relative difference of outputs that should be equal.
        options: Dictionary, constructor argument → value other than the default that changes this
            case, an `Option`, or `Unused`. Together the cases of a class cover all arguments.
    """

    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any]
    compile: dict[str, Any] = field(default_factory=lambda: {"loss": "mse"})
    steps: int = 3
    still: tuple[str, ...] = ()
    tolerance: float = 1e-5
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self):
        return "-".join(filter(None, [self.subject.__name__, self.name]))

    def arrays(self):
        """Returns the inputs by name, as NumPy arrays."""
        generator = np.random.default_rng(7)
        return {
            name: generator.normal(size=spec).astype("float32") if _is_shape(spec) else spec
            for name, spec in self.inputs.items()
        }

    def shapes(self):
        return {name: np.shape(array) for name, array in self.arrays().items()}

    def free_shapes(self):
        """Shapes with None on the batch axis."""
        return {name: (None, *shape[1:]) for name, shape in self.shapes().items()}

    def with_(self, **changes):
        return replace(self, **changes)

    def assert_close(self, found, expected):
        """Asserts that two sequences hold arrays of equal shapes and, by `tolerance`, values."""
        for one, other in zip(found, expected, strict=True):
            assert np.shape(one) == np.shape(other)
            np.testing.assert_allclose(one, other, atol=self.tolerance, rtol=self.tolerance)

    def fresh_arguments(self):
        """Returns the constructor arguments, with copies of the layers among them."""

        def fresh(value):
            if isinstance(value, keras.layers.Layer):
                return type(value).from_config(value.get_config())
            return [fresh(each) for each in value] if isinstance(value, list) else value

        return {name: fresh(value) for name, value in self.arguments.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerCase(Case):
    """One layer with one set of arguments.

    Args:
        layer: Class of the layer.
        call: Dictionary of further arguments of the call, `{"return_attention_scores": True}`.
        named: Boolean, if the call takes its inputs by name, `layer(query=..., value=...)`;
            otherwise it takes one tensor, or a list of several.
        rnn: For cells: arguments of the `keras.layers.RNN` around the cell.
        expected: Outputs of a computation that does not use this package: a function
            `(weights, **arrays)`, with the weights by their paths inside the layer, or arrays.
        refuses: Constructor arguments that raise a `ValueError` naming one of them.
        refuses_inputs: Inputs by name, each replacing those of the case, that raise a `ValueError`
            naming an input.
        mask: Dictionary, input → mask, which is false at padding.
        variable: Dictionary, input → axes other than the batch whose size is free.
        counts_padding: Numbers of the outputs that count masked queries, too.
        channels_first: Axis of the channels with `data_format="channels_first"`, by the name of an
            input and by the number of an output.
        whole: Numbers of the outputs that do not belong to single examples of the batch.
        float32: Numbers of the outputs that stay float32 under a mixed policy.
        half_tolerance: Largest mean error in half precision, relative to the largest value.
        no_half: Dictionary, backend → reason why it cannot compute the layer in half precision.
        nasty: Dictionary, label → inputs that must give finite outputs and gradients.
        stochastic: Boolean, if the layer draws random numbers in training. It has an argument
            `seed`.
    """

    layer: type
    call: dict[str, Any] = field(default_factory=dict)
    named: bool = False
    rnn: dict[str, Any] | None = None
    expected: Callable | Any = None
    refuses: tuple[dict[str, Any], ...] = ()
    refuses_inputs: tuple[dict[str, Any], ...] = ()
    mask: dict[str, Any] = field(default_factory=dict)
    variable: dict[str, tuple[int, ...]] = field(default_factory=dict)
    counts_padding: tuple[int, ...] = ()
    channels_first: dict[str | int, int] = field(default_factory=dict)
    whole: tuple[int, ...] = ()
    float32: tuple[int, ...] = ()
    half_tolerance: float = 0.05
    no_half: dict[str, str] = field(default_factory=dict)
    nasty: dict[str, dict[str, Any]] = field(default_factory=dict)
    stochastic: bool = False

    @property
    def subject(self):
        return self.layer

    def make(self, **changes):
        """Returns the layer, not yet built; a cell in its `keras.layers.RNN`."""
        if self.rnn is None:
            return self.layer(**{**self.fresh_arguments(), **changes})
        dtype = {"dtype": changes["dtype"]} if "dtype" in changes else {}
        cell = self.layer(**{**self.fresh_arguments(), **changes})
        return keras.layers.RNN(cell, **{**self.rnn, **dtype})

    def pack(self, values):
        """Returns values, given by input name, in the structure that the layer takes."""
        if self.named:
            return dict(values)
        values = list(values.values())
        return values[0] if len(values) == 1 else values

    def run(self, layer, values, **call):
        """Calls the layer with values by input name."""
        call = {**self.call, **call}
        packed = self.pack(values)
        return layer(**packed, **call) if self.named else layer(packed, **call)

    def quickly(self, layer, values):
        """Returns the outputs of `run` of a built layer as a flat list, by the fastest way."""

        def function(*tensors):
            return keras.tree.flatten(self.run(layer, dict(zip(values, tensors, strict=True))))

        return quick(layer, function)(*map(keras.ops.convert_to_tensor, values.values()))

    def build(self, layer, shapes):
        """Builds the layer by shapes alone."""
        if self.named:
            layer.build(**{f"{name}_shape": shape for name, shape in shapes.items()})
        else:
            layer.build(self.pack(shapes))
        return layer

    def built(self, random=True, **changes):
        """Returns the built layer; with `random` its weights are set by `randomise`."""
        layer = self.build(self.make(**changes), self.shapes())
        return randomise(layer) if random else layer

    def masks(self):
        """Returns the masks as arguments of the call."""
        if self.named:
            return {f"{name}_mask": mask for name, mask in self.mask.items()}
        return {"mask": self.pack({name: self.mask.get(name) for name in self.inputs})}

    def model(self, random=True, **changes):
        """Returns a functional model of the layer."""
        layer = self.make(**changes)
        free = self.free_shapes()
        for name, axes in self.variable.items():
            free[name] = tuple(None if i in axes else n for i, n in enumerate(free[name]))
        tensors = {
            name: keras.Input(
                shape[1:], dtype=keras.backend.standardize_dtype(array.dtype), name=name
            )
            for (name, shape), array in zip(free.items(), self.arrays().values(), strict=True)
        }
        outputs = keras.tree.flatten(self.run(layer, tensors))
        model = keras.Model(list(tensors.values()), outputs)
        if random:
            randomise(layer)
        return model

    def predict(self, model, arrays=None):
        """Returns the outputs of a model made by `model`, as a list of arrays."""
        return inferred(model, self.packed(arrays))

    def packed(self, arrays=None):
        """Returns the inputs in the structure that the functional model takes."""
        return list((arrays or self.arrays()).values())

    def fit_data(self, model):
        """Returns inputs, and targets: random numbers of the shapes of the outputs."""
        generator = np.random.default_rng(11)
        arrays = self.arrays()
        shapes = [output.shape for output in self.symbolic_outputs(model)]
        targets = [generator.normal(size=shape).astype("float32") for shape in shapes]
        return list(arrays.values()), targets

    def symbolic_outputs(self, model):
        """Returns the symbolic outputs of `model` for inputs with the shapes of this case."""
        inputs = [
            keras.KerasTensor(array.shape, keras.backend.standardize_dtype(array.dtype))
            for array in self.arrays().values()
        ]
        return keras.tree.flatten(model(inputs))


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelCase(Case):
    """One application in a small size.

    Args:
        application: Class of the application.
        named: Boolean, if the model takes a dictionary of its inputs by name.
        targets: Argument `y` of `fit`; `None` for models with a loss of their own.
        refuses: Constructor arguments that raise a `ValueError` naming one of them.
        weights: Dictionary, path within the model → array that `model` sets after `randomise`.
        oracle: `Oracle` that computes the outputs from the equations of the paper.
    """

    application: type
    named: bool = False
    targets: Any = None
    refuses: tuple[dict[str, Any], ...] = ()
    weights: dict[str, Any] = field(default_factory=dict)
    oracle: Any = None

    @property
    def subject(self):
        return self.application

    def model(self, random=True, **changes):
        model = self.application(**{**self.fresh_arguments(), **changes})
        if not random:
            return model
        randomise(model)
        found = {weight.path.removeprefix(f"{model.name}/"): weight for weight in model.weights}
        for path, value in self.weights.items():
            found[path].assign(value)
        return model

    def pack(self, arrays):
        if self.named:
            return dict(arrays)
        arrays = list(arrays.values())
        return arrays[0] if len(arrays) == 1 else arrays

    def predict(self, model, arrays=None):
        return inferred(model, self.packed(arrays))

    def packed(self, arrays=None):
        """Returns the inputs in the structure that the model takes."""
        return self.pack(arrays or self.arrays())

    def fit_data(self, model):
        return self.pack(self.arrays()), self.targets


def randomise(layer, seed=3):
    """Sets every weight to numbers that do not depend on the backend, and returns the layer.

    Kernels are uniform numbers scaled by the fan-in, unlike initial values of zero or identity.
    Biases, scales and statistics are their initial values plus noise.
    """
    generator = np.random.default_rng(seed)
    for weight in layer.weights:
        noise = generator.uniform(-1.0, 1.0, size=tuple(weight.shape))
        if len(weight.shape) >= 2:
            value = noise / np.sqrt(np.prod(weight.shape[:-1]))
        else:
            value = keras.ops.convert_to_numpy(weight) + 0.1 * noise
        weight.assign(value.astype("float32"))
    return layer


def weights_by_path(layer):
    """Returns the weights as arrays, by their paths inside the layer, or the cell of an RNN."""
    layer = getattr(layer, "cell", layer)
    prefix = f"{layer.path or layer.name}/"
    return {
        weight.path.removeprefix(prefix): np.array(keras.ops.convert_to_numpy(weight))
        for weight in layer.weights
    }


def _is_shape(spec):
    return isinstance(spec, tuple) and all(isinstance(size, int) for size in spec)
