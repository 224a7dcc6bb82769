"""Checks of arguments that several layers and functions make."""

import os


def positive_integer(name, value):
    """`value` as an `int`, refused unless it is a positive integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)


def check_axes(name, shape, axes):
    """Raises `ValueError` for a tensor of another rank.

    Args:
        name: Name of the argument, for the error message.
        shape: Shape of the tensor.
        axes: Names of its axes, separated by commas.
    """
    if len(shape) != len(axes.split(",")):
        raise ValueError(
            f"`{name}` must be of shape ({axes}). Received: {name} of shape {tuple(shape)}"
        )


def list_of_strings(name, texts):
    """Returns the texts as a list.

    Args:
        name: String, argument name used in the error message.
        texts: Iterable of strings.

    Raises:
        ValueError: If `texts` is a single string, whose letters would be taken for texts, not
            iterable, or holds anything but strings.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise ValueError(f"`{name}` must be a list of strings. Received: {name}={texts!r}")
    texts = list(texts)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"`{name}` must be a list of strings. Received: {name}[{place}]={text!r}"
            )
    return texts


def list_of_paths(name, paths):
    """Returns the paths as a list; `ValueError` for a single path."""
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise ValueError(f"`{name}` must be a list of paths. Received: {name}={paths!r}")
    return list(paths)


def check_list_of_inputs(inputs, forms, counts):
    """Refuses a single tensor, or a list of another length, in place of a list of tensors.

    Args:
        inputs: Argument of a call, or the shapes of its tensors.
        forms: String, the lists that are accepted, for the error message.
        counts: Collection of the accepted lengths.

    Raises:
        ValueError: If `inputs` is not a list of one of the lengths.
    """
    if hasattr(inputs, "shape"):
        what = f"one tensor of shape {tuple(inputs.shape)}"
    elif not isinstance(inputs, (list, tuple)):
        what = repr(inputs)
    elif inputs and all(size is None or isinstance(size, int) for size in inputs):
        what = f"one tensor of shape {tuple(inputs)}"
    elif len(inputs) in counts:
        return
    else:
        what = f"a list of {len(inputs)}"
    raise ValueError(
        f"`inputs` must be a list {forms}, as a single argument of the call. Received: {what}"
    )


def shapes_of(inputs):
    """The shapes of a list of tensors; of anything else, the input itself, to be refused."""
    if isinstance(inputs, (list, tuple)) and all(hasattr(each, "shape") for each in inputs):
        return [tuple(each.shape) for each in inputs]
    return inputs
