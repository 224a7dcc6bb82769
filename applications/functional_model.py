"""Base class of the applications."""

import functools
import inspect

import keras
import numpy as np

from keras_attn.applications.compiled_methods import CompiledMethods
from keras_attn.applications.loss_checks import check_takes_logits
from keras_attn.applications.own_loss import expand_weights
from keras_attn.layers.composite import Composite, recorded_changes, unbuilt_config
from keras_attn.layers.same_draws import SameDraws
from keras_attn.ops.known import differ, shapes_match

# Arguments of every model, which `get_config` saves itself.
KERAS_OWN = ("name", "trainable", "dtype")
_Kind = inspect.Parameter


class FunctionalModel(Composite, SameDraws, keras.Model):
    """A functional model that is saved by the arguments of its constructor.

    The arguments of the constructor, including defaults, are attributes of the model before the
    body of the constructor runs. After construction they form the config. A constructor that
    resolves an argument assigns the attribute: `self.units = tuple(units)`. If a subclass passes
    `**kwargs` to its base class, the arguments of the base class are saved too, including defaults.
    A subclass that takes `*args` needs `**kwargs` as well: all arguments are saved by name.

    A base class whose constructor takes tensors cannot be saved itself. It is declared with
    `is_base=True`: `class SequenceModel(FunctionalModel, is_base=True)`.

    Args:
        inputs: Symbolic inputs of the functional model.
        outputs: Symbolic outputs of the functional model.
        **kwargs: Arguments of `keras.Model`.
    """

    # Name of the output for the losses and metrics of `compile`; `None` if the model computes its
    # own loss.
    output_name = "logits"
    _functional = False
    _arguments = None

    def __init_subclass__(cls, is_base=False, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and not is_base:
            cls.__init__ = _record_arguments(cls.__init__)

    def __init__(self, inputs, outputs, **kwargs):
        object.__setattr__(self, "_functional", True)
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        if self.output_name is not None:
            # By default Keras names outputs after the layers that compute them.
            self.output_names = [self.output_name]
        self.dtype_policy = keras.dtype_policies.get(self._arguments.dtype)
        for name in self._arguments.values:
            # Assigned again, so that Keras tracks the layers among the arguments.
            if not isinstance(getattr(type(self), name, None), property):
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

    def _assert_input_compatibility(self, *args):
        super()._assert_input_compatibility(*args)
        names = [each.name for each in self.inputs]
        by_name = isinstance(args[0], dict) and set(names) <= set(args[0])
        given = [args[0][name] for name in names] if by_name else keras.tree.flatten(args[0])
        shapes = [tuple(getattr(each, "shape", ())) for each in given]
        if len(shapes) != len(names):
            return
        # Keras takes a last axis of size 1 for one that it may drop.
        for expected, shape in zip(self.inputs, shapes, strict=True):
            same_rank = len(shape) == len(expected.shape)
            if same_rank and not shapes_match(shape[1:], expected.shape[1:]):
                raise ValueError(
                    f"`{expected.name}` must be of shape {expected.shape}. "
                    f"Received: {expected.name}.shape={shape}"
                )
        if differ(*(shape[0] for shape in shapes if shape)):
            raise ValueError(
                f"{', '.join(f'`{name}`' for name in names)} must have the same batch size. "
                f"Received: {dict(zip(names, shapes, strict=True))}"
            )

    def compile_from_config(self, config):
        # Keras does not restore the compilation of a model that overrides `compile`.
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        weights = expand_weights(sample_weight, y_pred)
        return super().compute_loss(x, y, y_pred, weights, training)

    def get_config(self):
        # Not Keras's own, which would describe the graph of layers instead of the arguments.
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **{name: _serialize(value) for name, value in self._arguments.resolved(self).items()},
            **recorded_changes(self),
        }


class _Arguments:
    """Arguments of the constructor of a model.

    Not a dictionary: Keras would track its items.

    Attributes:
        values: Dictionary, argument name → value as passed.
        dtype: Dtype policy as passed.
    """

    def __init__(self, values, more, takes_more):
        """
        Args:
            values: Dictionary, argument name → value, of the outermost constructor.
            more: Values of its `*args`, which it passes to its base class.
            takes_more: True if it takes `**kwargs`, which it passes to its base class.
        """
        self.values = {name: value for name, value in values.items() if name not in KERAS_OWN}
        self.dtype = values.get("dtype")
        self._more, self._takes_more = more, takes_more
        self._replaced = set()

    def add(self, values, given, positional, takes_args, takes_more):
        """Adds the arguments of the constructor of a base class.

        Args:
            values: Dictionary, argument name → value.
            given: Names of the arguments that the subclass passed; the others are defaults.
            positional: Dictionary, name → value of the arguments that were passed by position.
            takes_args, takes_more: True if the constructor takes `*args`, and `**kwargs`.
        """
        for name, value in values.items():
            if name == "dtype":
                self.dtype = value
            elif name in KERAS_OWN:
                continue
            elif name in given and name in self.values:
                if value is not self.values[name]:
                    self._replaced.add(name)
            elif name in given:
                if name in positional and any(positional[name] is each for each in self._more):
                    self.values[name] = value
            elif self._takes_more:
                self.values.setdefault(name, value)
        # A constructor that takes no further arguments cannot pass them on.
        self._more = self._more if takes_args else ()
        self._takes_more = self._takes_more and takes_more

    def resolved(self, model):
        """Returns the arguments to save: the attribute of the model, or the value that the subclass
        received if it passed another value to its base class."""
        return {
            name: value if name in self._replaced else getattr(model, name)
            for name, value in self.values.items()
        }


def _record_arguments(init):
    """Wraps a constructor to record its arguments."""
    signature = inspect.signature(init)
    kinds = {parameter.kind: name for name, parameter in signature.parameters.items()}
    takes_args, takes_more = _Kind.VAR_POSITIONAL in kinds, _Kind.VAR_KEYWORD in kinds

    @functools.wraps(init)
    def bound_init(self, *args, **kwargs):
        args = [_as_python(value) for value in args]
        kwargs = {name: _as_python(value) for name, value in kwargs.items()}
        if kwargs.get("data_format", "") is None:
            kwargs["data_format"] = keras.config.image_data_format()
        bound = signature.bind(self, *args, **kwargs)
        given, positional = set(_by_name(bound)), _by_name(signature.bind_partial(self, *args))
        bound.apply_defaults()
        if bound.arguments.get("data_format", "") is None:
            bound.arguments["data_format"] = keras.config.image_data_format()
        every = _by_name(bound)
        is_outermost = self._arguments is None
        if is_outermost:
            more = bound.arguments[kinds[_Kind.VAR_POSITIONAL]] if takes_args else ()
            object.__setattr__(self, "_arguments", _Arguments(every, more, takes_more))
        else:
            self._arguments.add(every, given, positional, takes_args, takes_more)
        vars(self).update((name, value) for name, value in every.items() if name not in KERAS_OWN)
        init(*bound.args, **bound.kwargs)
        if is_outermost:
            self._finish()

    bound_init.__signature__ = signature
    return bound_init


def _by_name(bound):
    """Returns the arguments of a bound call as a dictionary, without `self` and `*args`."""
    kinds = {name: each.kind for name, each in bound.signature.parameters.items()}
    _, *names = kinds
    found = {}
    for name, value in bound.arguments.items():
        if kinds[name] is _Kind.VAR_KEYWORD:
            found.update(value)
        elif name in names and kinds[name] is not _Kind.VAR_POSITIONAL:
            found[name] = value
    return found


def _as_python(value):
    return value.item() if isinstance(value, np.generic) else value


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
