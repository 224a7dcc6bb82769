"""Query, value and key, and their masks: checks, the mask of the scores, and what is returned."""

from keras import ops

from keras_attn.layers.arguments import check_list_of_inputs
from keras_attn.ops.known import differ


def query_value_key(inputs):
    """Query, value and key; the value is the key where none came.

    Args:
        inputs: a list `[query, value]` or `[query, value, key]`, of tensors or of their shapes.

    Raises:
        ValueError: for what is no list of two or three.
    """
    check_list_of_inputs(inputs, "[query, value] or [query, value, key]", (2, 3))
    return (*inputs, inputs[1]) if len(inputs) == 2 else tuple(inputs)


def checked_shapes(shapes):
    """The shapes of query, value and key, refused where they do not fit each other.

    Args:
        shapes: see `query_value_key`.

    Returns:
        Three tuples: `(batch, queries, query_width)`, or `(batch, query_width)` for one step,
        `(batch, values, value_width)` and `(batch, values, key_width)`.

    Raises:
        ValueError: for the shape of one tensor, and for ranks, batches or lengths that do not fit.
    """
    query, value, key = map(tuple, query_value_key(shapes))
    shapes = f"Received: query of shape {query}, value of shape {value}, key of shape {key}"
    if len(query) not in (2, 3):
        raise ValueError(f"`query` must be of rank 3, or of rank 2 for one step. {shapes}")
    if len(value) != 3 or len(key) != 3:
        raise ValueError(f"`value` and `key` must be of rank 3, (batch, values, width). {shapes}")
    if 0 in (query[-1], value[-1], key[-1]):
        raise ValueError(f"`query`, `value` and `key` must be of a positive width. {shapes}")
    if differ(query[0], value[0]):
        raise ValueError(f"`query` and `value` must have the same batch size. {shapes}")
    for axis in (0, 1):
        if differ(value[axis], key[axis]):
            raise ValueError(f"`value` and `key` must have the same batch and length. {shapes}")
    return query, value, key


def two_masks(mask):
    """The masks of query and value, tensors or None.

    Args:
        mask: a list `[query_mask, value_mask]`, each may be None and a third one is not looked at;
            or None.

    Raises:
        ValueError: for what is no list of two or three.
    """
    if mask is None:
        return None, None
    if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
        raise ValueError(f"`mask` must be a list [query_mask, value_mask]. Received: mask={mask}")
    return tuple(
        each if each is None or hasattr(each, "shape") else ops.convert_to_tensor(each, "bool")
        for each in mask[:2]
    )


def check_mask(name, mask, tensor):
    """Refuses a mask that is not one of the steps of the tensor.

    Args:
        name: of the mask, for what is said of a wrong one.
        mask: `(batch, steps)`, or None.
        tensor: `(batch, steps, ...)`.

    Raises:
        ValueError: for another rank, or sizes that differ.
    """
    if mask is None:
        return
    shapes = list(zip(mask.shape, tensor.shape, strict=False))
    if len(mask.shape) != 2 or any(differ(*pair) for pair in shapes):
        raise ValueError(
            f"`{name}` must be of shape (batch, steps), those of what it masks. Received: mask of "
            f"shape {tuple(mask.shape)} for {tuple(tensor.shape)}"
        )


def attention_mask(query, value, mask=None, use_causal_mask=False):
    """Combines all masks into one for the scores.

    Args:
        query: `(batch, queries, query_width)`.
        value: `(batch, values, value_width)`.
        mask: see `two_masks`.
        use_causal_mask: whether query `i` sees the values `0..i` alone.

    Returns:
        Boolean, broadcasts to `(batch, queries, values)`, False where a weight is zero; or None.

    Raises:
        ValueError: for a mask of another shape.
    """
    query_mask, value_mask = two_masks(mask)
    check_mask("query_mask", query_mask, query)
    check_mask("value_mask", value_mask, value)
    allowed = None
    if value_mask is not None:
        allowed = ops.cast(value_mask, "bool")[:, None, :]
    if query_mask is not None:
        query_mask = ops.cast(query_mask, "bool")[:, :, None]
        allowed = query_mask if allowed is None else ops.logical_and(allowed, query_mask)
    if use_causal_mask:
        rows, columns = ops.shape(query)[1], ops.shape(value)[1]
        causal = ops.arange(rows)[:, None] >= ops.arange(columns)
        allowed = causal[None] if allowed is None else ops.logical_and(allowed, causal)
    return allowed


def select_outputs(context, weights, state, return_attention_scores, return_state):
    """Returns the context, alone or as the first of a tuple with what was asked for."""
    outputs = (context, *[weights] * return_attention_scores, *[state] * return_state)
    return outputs if len(outputs) > 1 else context
