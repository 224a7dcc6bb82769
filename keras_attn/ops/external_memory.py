"""Reading and writing of the memory of a Neural Turing Machine.

Glossary of shapes:
    batch
    heads:     of one kind, all at once
    locations: `N`, rows of the memory
    width:     `M`, numbers of a row
"""

import math

import keras
from keras import ops

from keras_attn.ops import kernels, precision
from keras_attn.ops.known import differ
from keras_attn.ops.named_axes import floating
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.received import received


def read_memory(weights, memory):
    """Computes the read vector of each head, `r = Σ_i w(i) M(i)`.

    Args:
        weights: `w`, `(batch, heads, locations)`.
        memory: `M`, `(batch, locations, width)`.

    Returns:
        `(batch, heads, width)`.

    Raises:
        ValueError: for ranks, batches or locations that do not fit.

    Example:

    >>> memory = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    >>> found = keras_attn.ops.read_memory(np.array([[[0.0, 1.0]]]), memory)
    >>> keras.ops.convert_to_numpy(found).tolist()
    [[[3.0, 4.0]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equation 2, https://arxiv.org/abs/1410.5401
    """
    weights, memory = _checked(weights=weights, memory=memory)
    return precision.matmul(weights, memory)


def write_memory(memory, weights, erase, add):
    """The memory after all heads have written.

    `M'(i) = M(i) Π_h (1 - w_h(i) e_h) + Σ_h w_h(i) a_h`

    All erase before any adds, so that the order of the heads does not matter.

    Args:
        memory: `M`, `(batch, locations, width)`.
        weights: `w`, `(batch, heads, locations)`.
        erase: `e` in [0, 1], `(batch, heads, width)`; None to erase nothing.
        add: `a`, `(batch, heads, width)`.

    Returns:
        Like `memory`.

    Raises:
        ValueError: for ranks, batches, locations, widths or numbers of heads that do not fit.

    Example:

    >>> memory, ones = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.ones((1, 1, 2))
    >>> weights, add = np.array([[[0.0, 1.0]]]), np.array([[[5.0, 6.0]]])
    >>> after = keras_attn.ops.write_memory(memory, weights, ones, add)
    >>> keras.ops.convert_to_numpy(after).tolist()
    [[[1.0, 2.0], [5.0, 6.0]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equations 3 and 4,
        https://arxiv.org/abs/1410.5401
    """
    weights, memory = _checked(weights=weights, memory=memory)
    heads, given = weights.shape[1], {"add": floating(add)}
    if erase is not None:
        given["erase"] = floating(erase)
    for name, tensor in given.items():
        if (
            len(tensor.shape) != 3
            or tuple(tensor.shape[1:]) != (heads, memory.shape[-1])
            or differ(tensor.shape[0], memory.shape[0])
        ):
            raise ValueError(
                f"`{name}` must be of shape (batch, heads, width). "
                f"{received(**{name: tensor}, weights=weights, memory=memory)}"
            )
    wide = promote_dtypes(*(each.dtype for each in (memory, weights, *given.values())))
    memory, weights = ops.cast(memory, wide), ops.cast(weights, wide)
    given = {name: ops.cast(tensor, wide) for name, tensor in given.items()}
    if erase is None:
        return _with_added(memory, weights, **given)
    write = kernels.load("write_memory")
    if write is None or any(map(keras.utils.is_keras_tensor, (memory, weights, *given.values()))):
        write = plain_write_memory
    return write(memory, weights, given["erase"], given["add"])


def plain_write_memory(memory, weights, erase, add):
    """`write_memory` as it stands in the paper, of tensors of one dtype that fit each other."""
    for head in range(weights.shape[1]):
        memory = memory * _kept(weights, erase, head)
    return _with_added(memory, weights, add)


def write_gradients(memory, weights, erase, add, gradient):
    """The gradients of `plain_write_memory` from its arguments alone.

    With `k_h = 1 - w_h e_h` and `g` the gradient of what it returns: `g Π_h k_h` of the memory,
    `g a_h - g M e_h Π_{j≠h} k_j` summed over the width of `w_h`, `- g M w_h Π_{j≠h} k_j` and
    `g w_h` summed over the locations of `e_h` and `a_h`.

    Args:
        memory, weights, erase, add: see `write_memory`.
        gradient: `g`, like `memory`.

    Returns:
        Four tensors, each like its argument.
    """
    heads = range(weights.shape[1])
    of_add = ops.einsum("bhn,bnw->bhw", weights, gradient)
    of_weights = ops.einsum("bhw,bnw->bhn", add, gradient)
    kept = [_kept(weights, erase, head) for head in heads]
    of_erased, of_erase = [], []
    for head in heads:
        others = math.prod((kept[other] for other in heads if other != head), start=gradient)
        erased = others * memory
        of_erased.append(ops.einsum("bw,bnw->bn", erase[:, head], erased))
        of_erase.append(-ops.einsum("bn,bnw->bw", weights[:, head], erased))
    of_weights = of_weights - ops.stack(of_erased, axis=1)
    return math.prod(kept, start=gradient), of_weights, ops.stack(of_erase, axis=1), of_add


def _with_added(memory, weights, add):
    """The memory with what every head adds."""
    # Heads are few, and compilers make one pass of all of this.
    for head in range(weights.shape[1]):
        memory = memory + weights[:, head, :, None] * add[:, head, None]
    return memory


def _kept(weights, erase, head):
    """Fraction of the memory that a head keeps, `1 - w e`, `(batch, locations, width)`."""
    return 1.0 - weights[:, head, :, None] * erase[:, head, None]


def _checked(weights, memory):
    """Both as tensors, refused where they do not fit each other."""
    weights, memory = floating(weights), floating(memory)
    if (
        len(weights.shape) != 3
        or len(memory.shape) != 3
        or differ(weights.shape[0], memory.shape[0])
        or weights.shape[-1] != memory.shape[1]
    ):
        raise ValueError(
            "`weights` must be of shape (batch, heads, locations), and `memory` of shape (batch, "
            f"locations, width). {received(weights=weights, memory=memory)}"
        )
    return weights, memory
