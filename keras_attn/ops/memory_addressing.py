"""Addressing of a Neural Turing Machine: from contents to weightings.

The steps in the paper's order: `content_addressing`, `interpolate_weights`, `shift_weights`,
`sharpen_weights`; and all of them, `address_memory`.

Glossary of shapes:
    batch
    heads:     of one kind, all at once
    locations: `N`, rows of the memory
    width:     `M`, numbers of a row
"""

import keras
from keras import ops

from keras_attn.ops import kernels, precision
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.named_axes import with_axes
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.received import received

# Smaller weights count as this when their logarithm is taken; larger than float32's smallest
# numbers, which some processors take for zero.
LEAST = 1e-37
# Added to squared lengths, so that a vector of length 0 has a gradient.
EPSILON = 1e-8
AXES = {
    "memory": "batch locations width",
    "key": "batch heads width",
    "strength": "batch heads",
    "gate": "batch heads",
    "shift": "batch heads steps",
    "sharpening": "batch heads",
    "previous": "batch heads locations",
    "content": "batch heads locations",
    "weights": "batch heads locations",
}


def address_memory(key, strength, gate, shift, sharpening, memory, previous):
    """Computes the weightings of the heads by the four steps of content and location addressing.

    Args:
        key, strength: of `content_addressing`.
        gate: of `interpolate_weights`.
        shift: of `shift_weights`.
        sharpening: of `sharpen_weights`.
        memory: `M`, `(batch, locations, width)`.
        previous: `w_{t-1}`, `(batch, heads, locations)`.

    Returns:
        `w_t`, like `previous`.

    Raises:
        ValueError: for ranks, sizes or batches that do not fit.

    Example:

    >>> memory, previous = np.eye(3)[None], np.array([[[1.0, 0.0, 0.0]]])
    >>> one, up = np.array([[1.0]]), np.array([[[0.0, 0.0, 1.0]]])
    >>> told = {"key": np.ones((1, 1, 3)), "strength": one, "gate": 0 * one, "shift": up}
    >>> weights = keras_attn.ops.address_memory(
    ...     **told, sharpening=one, memory=memory, previous=previous
    ... )
    >>> keras.ops.convert_to_numpy(weights).round(3).tolist()
    [[[0.0, 1.0, 0.0]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, figure 2, https://arxiv.org/abs/1410.5401
    """
    arguments = with_axes(
        AXES,
        memory=memory,
        key=key,
        strength=strength,
        gate=gate,
        shift=shift,
        sharpening=sharpening,
        previous=previous,
    )
    _check_steps(arguments[4])
    if arguments[0].shape[1] == 0:
        raise ValueError(f"`memory` must have a location at least. {received(memory=arguments[0])}")
    memory, *told, previous = arguments
    address = kernels.load("address_memory")
    if address is None or any(map(keras.utils.is_keras_tensor, arguments)):
        address = plain_address_memory
    return address(*told, memory, previous)


def plain_address_memory(key, strength, gate, shift, sharpening, memory, previous):
    """`address_memory` step by step."""
    weights = content_addressing(key, memory, strength)
    weights = shift_weights(interpolate_weights(weights, previous, gate), shift)
    return ops.cast(sharpen_weights(weights, sharpening), previous.dtype)


def content_addressing(key, memory, strength):
    """Weights by resemblance, `w^c(i) = softmax_i(β cos(k, M(i)))`.

    Args:
        key: `k`, `(batch, heads, width)`.
        memory: `M`, `(batch, locations, width)`.
        strength: `β >= 0`, `(batch, heads)`.

    Returns:
        Weights `(batch, heads, locations)`, whose rows sum to 1. A row of the memory that is 0, and
        a key that is 0, resembles everything by 0; vectors shorter than 1e-4 resemble others the
        less the shorter they are.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> memory = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> key, strength = np.array([[[0.0, 2.0]]]), np.array([[50.0]])
    >>> weights = keras_attn.ops.content_addressing(key, memory, strength)
    >>> keras.ops.convert_to_numpy(weights).round(3).tolist()
    [[[0.0, 1.0]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equations 5 and 6,
        https://arxiv.org/abs/1410.5401
    """
    memory, key, strength = with_axes(AXES, memory=memory, key=key, strength=strength)
    wide = promote_dtypes(key.dtype, memory.dtype, "float32")
    rows, strength = ops.cast(memory, wide), ops.cast(strength, wide)
    # The scores are divided by the lengths, and not the rows: these are many more numbers, which
    # would be kept for the gradient at every step. XLA takes twice as long for a product with
    # transposed rows as for this one.
    key = ops.cast(key, wide)
    key = key * (strength * _inverse_length(key))[..., None]
    scores = ops.einsum("bhw,bnw->bhn", key, rows) * _inverse_length(rows)[:, None]
    return ops.cast(attention_weights(scores), memory.dtype)


def interpolate_weights(content, previous, gate):
    """Between what the content asks for and where the head was, `w^g = g w^c + (1 - g) w_{t-1}`.

    Args:
        content: `w^c`, `(batch, heads, locations)`.
        previous: `w_{t-1}`, like `content`.
        gate: `g` in [0, 1], `(batch, heads)`.

    Returns:
        Weights like `content`.

    Raises:
        ValueError: for ranks that do not fit.

    Example:

    >>> content, previous = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0]]])
    >>> weights = keras_attn.ops.interpolate_weights(content, previous, np.array([[0.25]]))
    >>> keras.ops.convert_to_numpy(weights).tolist()
    [[[0.25, 0.75]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equation 7, https://arxiv.org/abs/1410.5401
    """
    content, previous, gate = with_axes(AXES, content=content, previous=previous, gate=gate)
    gate = gate[..., None]
    return gate * content + (1.0 - gate) * previous


def shift_weights(weights, shift):
    """Moves weights around the ring of locations, `w̃(i) = Σ_j w^g(j) s(i - j)`.

    Convention: of `2 R + 1` numbers the first moves a weight by `R` locations down to lower
    indices, the middle one leaves it where it is, and the last moves it by `R` up. What leaves at
    one end enters at the other. Ports differ in the direction.

    Args:
        weights: `w^g`, `(batch, heads, locations)`.
        shift: `s`, `(batch, heads, 2 R + 1)`, whose rows sum to 1.

    Returns:
        Weights like `weights`.

    Raises:
        ValueError: for ranks that do not fit, or a shift of an even number of steps.

    Example:

    >>> weights, up = np.array([[[0.0, 0.0, 1.0]]]), np.array([[[0.0, 0.0, 1.0]]])
    >>> keras.ops.convert_to_numpy(keras_attn.ops.shift_weights(weights, up)).tolist()
    [[[1.0, 0.0, 0.0]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equation 8, https://arxiv.org/abs/1410.5401
    """
    weights, shift = with_axes(AXES, weights=weights, shift=shift)
    steps = _check_steps(shift)
    moved = (
        shift[..., step : step + 1] * ops.roll(weights, step - steps // 2, axis=-1)
        for step in range(steps)
    )
    return sum(moved, start=ops.zeros_like(weights))


def sharpen_weights(weights, sharpening):
    """Undoes the blur of a shift, `w(i) = w̃(i)^γ / Σ_j w̃(j)^γ`.

    It is a softmax of `γ log w̃`, so that no power vanishes: even weights stay even for any `γ`.

    Args:
        weights: `w̃`, `(batch, heads, locations)`, not negative.
        sharpening: `γ >= 1`, `(batch, heads)`.

    Returns:
        Weights like `weights`, whose rows sum to 1; even ones where all are 0.

    Raises:
        ValueError: for ranks that do not fit.

    Example:

    >>> weights = np.array([[[0.6, 0.3, 0.1]]])
    >>> sharp = keras_attn.ops.sharpen_weights(weights, np.array([[2.0]]))
    >>> keras.ops.convert_to_numpy(sharp).astype("float64").round(3).tolist()
    [[[0.783, 0.196, 0.022]]]

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equation 9, https://arxiv.org/abs/1410.5401
    """
    weights, sharpening = with_axes(AXES, weights=weights, sharpening=sharpening)
    wide = promote_dtypes(weights.dtype, "float32")
    logits = ops.log(precision.maximum(ops.cast(weights, wide), LEAST))
    return ops.cast(
        attention_weights(ops.cast(sharpening, wide)[..., None] * logits), weights.dtype
    )


def _check_steps(shift):
    """Returns the number of shifts, which must be odd."""
    steps = shift.shape[-1]
    if steps % 2 != 1:
        raise ValueError(f"`shift` must have an odd number of steps. {received(shift=shift)}")
    return steps


def _inverse_length(vectors):
    """`1 / |v|` of each, `(...)`."""
    return ops.rsqrt(ops.sum(ops.square(vectors), axis=-1) + EPSILON)
