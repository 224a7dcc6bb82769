"""Constructor arguments of the public classes."""

import inspect

import keras

import keras_attn.applications


def constructor_arguments(cls):
    """Returns the arguments of a constructor and its base classes: name → default."""
    public = vars(keras_attn.applications).values()
    found = {}
    for base in cls.__mro__:
        own = base.__module__.startswith("keras_attn")
        if not own or (issubclass(cls, keras.Model) and base not in public):
            break
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
        for each in parameters:
            if each.kind is not each.VAR_KEYWORD:
                found.setdefault(each.name, each.default)
        if all(each.kind is not each.VAR_KEYWORD for each in parameters):
            break
    return found
