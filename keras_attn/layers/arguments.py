"""Checks of arguments, shared by layers and functions."""

import os


def check_axes(name, shape, axes):
    """Raises `ValueError` if a tensor has another rank.

    Args:
        name: String, argument name used in the error message.
        shape: Tuple, shape of the tensor.
        axes: String, expected names of the axes, separated by commas.
    """
    if len(shape) != len(axes.split(",")):
        raise ValueError(
            f"`{name}` must be of shape ({axes}). Received: {name} of shape {tuple(shape)}"
        )


def list_of_strings(name, texts):
    """Returns the texts as a list, after a check of their types.

    Args:
        name: String, argument name used in the error message.
        texts: Iterable of strings.

    Raises:
        ValueError: If `texts` is not iterable, holds anything but strings, or is a single string,
            whose characters would be read as texts.
    """
    return list(checked_strings(name, texts))


def checked_strings(name, texts):
    """Yields the texts and checks the type of each; see `list_of_strings`."""
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise ValueError(f"`{name}` must be a list of strings. Received: {name}={texts!r}")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"`{name}` must be a list of strings. Received: {name}[{place}]={text!r}"
            )
        yield text


def check_list(name, values, form="a list"):
    """Raises `ValueError` for anything but a sequence of values, and for a single string.

    Args:
        name: String, argument name used in the error message.
        values: Value of the argument.
        form: String, the expected form, for the error message.
    """
    is_sequence = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    if isinstance(values, (str, bytes)) or not is_sequence or not getattr(values, "ndim", 1):
        raise ValueError(f"`{name}` must be {form}. Received: {name}={values!r}")


def list_of_paths(name, paths):
    """Returns the paths as a list; raises `ValueError` for a single path."""
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise ValueError(f"`{name}` must be a list of paths. Received: {name}={paths!r}")
    return list(paths)


def check_list_of_inputs(inputs, forms, counts):
    """Raises `ValueError` unless `inputs` is a list of the right number of tensors.

    Args:
        inputs: Argument of a call, or the shapes of its tensors.
        forms: String, accepted lists, for the error message.
        counts: Collection of the accepted lengths.

    Raises:
        ValueError: If `inputs` is a single tensor, or a list of another length.
    """
    if hasattr(inputs, "shape"):
        given = f"one tensor of shape {tuple(inputs.shape)}"
    elif not isinstance(inputs, (list, tuple)):
        given = repr(inputs)
    elif inputs and all(size is None or isinstance(size, int) for size in inputs):
        given = f"one tensor of shape {tuple(inputs)}"
    elif len(inputs) in counts:
        return
    else:
        given = f"a list of {len(inputs)}"
    raise ValueError(
        f"`inputs` must be a list {forms}, passed as a single argument. Received: {given}"
    )


def shapes_of(inputs):
    """Returns the shapes of a list of tensors, and any other input unchanged, for later checks."""
    if isinstance(inputs, (list, tuple)) and all(hasattr(each, "shape") for each in inputs):
        return [tuple(each.shape) for each in inputs]
    return inputs
