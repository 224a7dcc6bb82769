"""What the published systems have in common as Keras models."""

import functools
import inspect

import keras
import numpy as np

from keras_attn.applications.compiled_methods import CompiledMethods
from keras_attn.applications.loss_checks import check_takes_logits
from keras_attn.applications.own_loss import spread_weights
from keras_attn.layers.composite import Composite, collect_changes, unbuilt_config
from keras_attn.layers.same_draws import same_draws

# Arguments that Keras's models keep themselves.
OWN = ("name", "trainable", "dtype")


class FunctionalModel(Composite, keras.Model):
    """A functional model that is saved by the arguments of its constructor.

    The arguments of the constructor, defaults included, are attributes of the model from the first
    line of the constructor on, and its config in the end. A constructor that resolves an argument
    assigns the attribute: `self.units = tuple(units)`. An argument that a subclass leaves at the
    default of its base is saved too, since the subclass takes it among its `**kwargs`.

    A class whose constructor takes tensors is a base of models that is not saved itself, and says
    so: `class SequenceModel(FunctionalModel, is_base=True)`.

    Args:
        inputs, outputs: of the functional model.
        **kwargs: of `keras.Model`.
    """

    # Name of the output that losses and metrics of `compile` see; `None` for a model with a loss of
    # its own.
    output_name = "logits"
    _functional = False
    _arguments = None

    def __init_subclass__(cls, is_base=False, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and not is_base:
            cls.__init__ = _bound(cls.__init__)

    def __init__(self, inputs, outputs, **kwargs):
        object.__setattr__(self, "_functional", True)
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        if self.output_name is not None:
            # Keras takes the names of the layers that made the outputs.
            self.output_names = [self.output_name]
        self.dtype_policy = keras.dtype_policies.get(self._arguments.dtype)
        for name in self._arguments.values:
            # Set once more, so that Keras keeps track of layers among the arguments.
            setattr(self, name, getattr(self, name))
        self._compiled = CompiledMethods(self)

    def __setattr__(self, name, value):
        # Layers are set before there is a functional model, which then keeps track of them. (torch
        # takes no module before it is initialised.)
        if self._functional:
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def compile(self, optimizer="rmsprop", loss=None, *args, **kwargs):
        if self.output_name == "logits":
            check_takes_logits(loss)
        super().compile(optimizer, loss, *args, **kwargs)

    def compile_from_config(self, config):
        # Keras leaves a model with a `compile` of its own uncompiled.
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def rematerialized_call(self, layer_call, *args, **kwargs):
        return super().rematerialized_call(same_draws(self, layer_call), *args, **kwargs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        weights = spread_weights(sample_weight, y_pred)
        return super().compute_loss(x, y, y_pred, weights, training)

    def get_config(self):
        # Not Keras's own, which would describe the graph of layers instead of the arguments.
        changes = collect_changes(self)
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **{name: _serialize(value) for name, value in self._arguments.resolved(self).items()},
            **({"changes": changes} if changes else {}),
        }


class _Arguments:
    """The arguments of a model's constructor.

    No dictionary, which Keras would keep track of.

    Attributes:
        values: arguments by name, as they were given.
        dtype: the dtype policy that was given.
    """

    def __init__(self, values, takes_more):
        self.values = {name: value for name, value in values.items() if name not in OWN}
        self.dtype = values.get("dtype")
        self._takes_more = takes_more
        self._replaced = set()

    def add(self, values, given):
        """Notes the arguments of the constructor of a base class.

        Args:
            values: arguments by name.
            given: names of those that the subclass has passed on; the others are defaults.
        """
        for name, value in values.items():
            if name == "dtype":
                self.dtype = value
            elif name in given and name in self.values and value is not self.values[name]:
                self._replaced.add(name)
            elif name not in given and name not in OWN and self._takes_more:
                self.values.setdefault(name, value)

    def resolved(self, model):
        """What is saved: attributes of the model, unless a subclass has passed on another value
        than it was given."""
        return {
            name: value if name in self._replaced else getattr(model, name)
            for name, value in self.values.items()
        }


def _bound(init):
    """A constructor that binds its arguments to its signature before it runs."""
    signature = inspect.signature(init)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    takes_more = inspect.Parameter.VAR_KEYWORD in kinds

    @functools.wraps(init)
    def bound_init(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        given = set(_by_name(bound))
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if isinstance(value, np.generic):
                bound.arguments[name] = value.item()
        if bound.arguments.get("data_format", "") is None:
            bound.arguments["data_format"] = keras.config.image_data_format()
        every = _by_name(bound)
        is_outermost = self._arguments is None
        if is_outermost:
            object.__setattr__(self, "_arguments", _Arguments(every, takes_more))
        else:
            self._arguments.add(every, given)
        vars(self).update((name, value) for name, value in every.items() if name not in OWN)
        init(*bound.args, **bound.kwargs)
        if is_outermost:
            self._finish()

    bound_init.__signature__ = signature
    return bound_init


def _by_name(bound):
    """The arguments of a bound call by name, without the object itself."""
    kinds = {name: each.kind for name, each in bound.signature.parameters.items()}
    _, *names = kinds
    found = {}
    for name, value in bound.arguments.items():
        if kinds[name] is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        elif name in names:
            found[name] = value
    return found


def _serialize(value):
    if isinstance(value, (list, tuple)):
        serialized = [_serialize(each) for each in value]
        return tuple(serialized) if isinstance(value, tuple) else serialized
    if isinstance(value, dict):
        return {name: _serialize(each) for name, each in value.items()}
    if isinstance(value, Composite) and not isinstance(value, keras.Model):
        return unbuilt_config(value)
    if hasattr(value, "get_config") or callable(value):
        return keras.saving.serialize_keras_object(value)
    return value
