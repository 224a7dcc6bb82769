"""Entries of the conformance registry.

A new layer is one more entry in `registry.py`; nothing here or in the contracts knows a layer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from tests.backend import inferred, quick


@dataclass(frozen=True)
class Option:
    """Value of a constructor argument other than the default.

    Args:
        value: Value of the argument.
        required: Dictionary of further arguments, without which this argument has no effect.
        inputs: Dictionary of inputs that replace those of the case.
        targets: Targets of `fit` that replace those of the case.
        coupled: Dictionary of arguments that have to change together with this argument.
    """

    value: Any
    required: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    targets: Any = None
    coupled: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unused:
    """Marks an argument without effect in a class.

    Args:
        reason: String, why the class has the argument.
        value: Value other than the default, for the test of the config; `None` if the config lacks
            the argument.
    """

    reason: str
    value: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Base class of the entries of layers and models.

    Args:
        name: tells the cases of one class apart.
        arguments: of the constructor.
        inputs: shape (with the batch) or array of each input, by name and in order. A shape is
            filled with normal numbers, the same on every backend.
        compile: arguments of `Model.compile`; an Adam optimizer is added.
        steps: every trainable weight must have moved after so many steps of `fit`.
        still: names of trainable weights (ends of their paths) that the loss cannot move.
        tolerance: how far outputs may differ between two ways to the same result.
        options: dictionary, constructor argument → value other than the default that changes this
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
        """The inputs by name, as NumPy arrays; an array given as an input stays itself."""
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

    def fresh_arguments(self):
        """The arguments, with layers among them copied: each layer made gets its own."""

        def fresh(value):
            if isinstance(value, keras.layers.Layer):
                return type(value).from_config(value.get_config())
            return [fresh(each) for each in value] if isinstance(value, list) else value

        return {name: fresh(value) for name, value in self.arguments.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerCase(Case):
    """One layer with one set of arguments, taken through every contract.

    Args:
        layer: the class.
        call: further arguments of the call, `{"return_attention_scores": True}`.
        named: the call takes its inputs by name, `layer(query=..., value=...)`; otherwise one
            tensor, or a list when there are several.
        rnn: the layer is a cell: arguments of the `keras.layers.RNN` around it.
        expected: the outputs, from a computation that owes nothing to this package: a function
            `(weights, **arrays)`, with the weights by their paths inside the layer, or arrays.
        refuses: constructor arguments that raise a `ValueError` naming one of them.
        refuses_inputs: inputs by name, each replacing those of the case, that raise `ValueError`.
        mask: arrays by input, false where the layer must not look.
        variable: axes by input that may vary from call to call, besides the batch.
        channels_first: where the channels stand with `data_format="channels_first"`: the axis by
            the name of an input, and by the number of an output.
        whole: numbers of the outputs that do not belong to single examples of the batch.
        float32: numbers of the outputs that stay float32 under a mixed policy.
        half_tolerance: mean error that half precision may cost, in units of the largest value.
        no_half: reason by backend, where a backend lacks an operation in half precision.
        nasty: inputs by label that must give finite outputs and gradients.
        stochastic: the layer draws random numbers in training; `seed` is one of its arguments.
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
        """The layer, not yet built. A cell comes inside its `keras.layers.RNN`."""
        if self.rnn is None:
            return self.layer(**{**self.fresh_arguments(), **changes})
        dtype = {"dtype": changes["dtype"]} if "dtype" in changes else {}
        cell = self.layer(**{**self.fresh_arguments(), **changes})
        return keras.layers.RNN(cell, **{**self.rnn, **dtype})

    def pack(self, values):
        """Values by input name as the layer's call takes them, without further arguments."""
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
        """The layer, built; with `random` its weights are set by `randomise`."""
        layer = self.build(self.make(**changes), self.shapes())
        return randomise(layer) if random else layer

    def masks(self):
        """The call argument that carries the masks."""
        if self.named:
            return {f"{name}_mask": mask for name, mask in self.mask.items()}
        return {"mask": self.pack({name: self.mask.get(name) for name in self.inputs})}

    def model(self, random=True, **changes):
        """A functional model of the layer alone."""
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
        """The outputs of a model made by `model`, as a list of arrays."""
        return inferred(model, self.packed(arrays))

    def packed(self, arrays=None):
        """The inputs as the functional model takes them."""
        return list((arrays or self.arrays()).values())

    def fit_data(self, model):
        """Inputs and targets: random numbers of the outputs' shapes."""
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
        application: the class.
        outputs: the expected shape, with the batch, of each output.
        named: the model takes its inputs as a dictionary by name.
        targets: what `fit` gets as `y`; None where the model brings its own loss.
        methods: names of methods that take the inputs and give what the model looked at.
        refuses: constructor arguments that raise a `ValueError` naming one of them.
        oracle: `Oracle` that computes the outputs from the equations of the paper.
        values: dictionary, path of a weight within the model → its value in place of random ones.
    """

    application: type
    outputs: tuple[tuple[int, ...], ...]
    named: bool = False
    targets: Any = None
    methods: tuple[str, ...] = ()
    refuses: tuple[dict[str, Any], ...] = ()
    oracle: Any = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self):
        return self.application

    def model(self, random=True, **changes):
        model = self.application(**{**self.fresh_arguments(), **changes})
        if random:
            randomise(model)
            for weight in model.weights:
                path = weight.path.removeprefix(f"{model.name}/")
                if path in self.values:
                    weight.assign(self.values[path])
        return model

    def pack(self, arrays):
        if self.named:
            return dict(arrays)
        arrays = list(arrays.values())
        return arrays[0] if len(arrays) == 1 else arrays

    def predict(self, model, arrays=None):
        return inferred(model, self.packed(arrays))

    def packed(self, arrays=None):
        """The inputs as the model takes them."""
        return self.pack(arrays or self.arrays())

    def fit_data(self, model):
        return self.pack(self.arrays()), self.targets


def randomise(layer, seed=3):
    """Gives every weight numbers that do not depend on the backend, and returns the layer.

    Kernels become uniform with a deviation by their fan-in, and so are far from a start at zero
    or at identity; biases, scales and statistics keep their start with a little noise.
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
    """The weights as arrays, by their paths inside the layer, or inside the cell of an RNN."""
    layer = getattr(layer, "cell", layer)
    prefix = f"{layer.path or layer.name}/"
    return {
        weight.path.removeprefix(prefix): np.array(keras.ops.convert_to_numpy(weight))
        for weight in layer.weights
    }


def _is_shape(spec):
    return isinstance(spec, tuple) and all(isinstance(size, int) for size in spec)
