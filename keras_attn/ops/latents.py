"""Gaussian latent variables: what they cost, in nats.

Glossary of shapes:
    latent: numbers of a variable, the last axis, over which is summed
"""

import math

from keras import ops

from keras_attn.ops.known import broadcasts
from keras_attn.ops.precision import as_float32, promote
from keras_attn.ops.received import received


def gaussian_kl_divergence(mean, log_stddev):
    """The divergence of a Gaussian from the standard one, `D_KL(N(μ, σ²) || N(0, 1))`.

    `½ Σ (μ² + σ² - log σ² - 1)`

    Convention: over the steps of DRAW the paper subtracts `T / 2`, which holds for one latent
    number; here each number has its own ½, so that it is 0 where nothing is told.

    Args:
        mean: `μ`, `(..., latent)`.
        log_stddev: `log σ`, like `mean`.

    Returns:
        `(...)`, not negative, in float32 or wider.

    Example:

    >>> float(keras_attn.ops.gaussian_kl_divergence(np.array([3.0, 0.0]), np.zeros(2)))
    4.5

    Reference:
        Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, appendix B,
        https://arxiv.org/abs/1312.6114; Gregor et al., "DRAW: A Recurrent Neural Network For Image
        Generation", 2015, equation 11, https://arxiv.org/abs/1502.04623
    """
    mean, log_stddev = _like("mean", mean=mean, log_stddev=log_stddev)
    variance = ops.exp(2.0 * log_stddev)
    return 0.5 * ops.sum(mean * mean + variance - 2.0 * log_stddev - 1.0, axis=-1)


def gaussian_log_probability(value, mean, log_stddev):
    """The logarithm of a Gaussian's density, `Σ log N(x; μ, σ²)`.

    Args:
        value: `x`, `(..., latent)`.
        mean: `μ`, like `value`.
        log_stddev: `log σ`, broadcast to `value`.

    Returns:
        `(...)`, in nats, in float32 or wider.

    Example:

    >>> density = keras_attn.ops.gaussian_log_probability(np.zeros(1), np.zeros(1), np.zeros(1))
    >>> round(float(density), 4)  # log of 1 / √2π
    -0.9189
    """
    value, mean, log_stddev = _like("value", value=value, mean=mean, log_stddev=log_stddev)
    distance = ops.square((value - mean) * ops.exp(-log_stddev))
    return ops.sum(-0.5 * distance - log_stddev - 0.5 * math.log(2.0 * math.pi), axis=-1)


def bernoulli_log_probability(value, logits):
    """The logarithm of the probability of independent bits.

    `Σ x log σ(c) + (1 - x) log(1 - σ(c))`

    Args:
        value: `x` in [0, 1], `(..., pixels)`.
        logits: `c`, like `value`.

    Returns:
        `(...)`, in nats, in float32 or wider.

    Example:

    >>> keras_attn.ops.bernoulli_log_probability(np.ones(2), np.zeros(2)).shape == ()
    True
    """
    value, logits = _like("value", value=value, logits=logits)
    return ops.sum(value * logits - ops.softplus(logits), axis=-1)


def _like(first, **tensors):
    """Tensors in float32 or wider, refused unless they broadcast to the one named `first`."""
    tensors = {name: as_float32(tensor) for name, tensor in tensors.items()}
    shape = tensors[first].shape
    for name, tensor in tensors.items():
        if len(shape) == 0 or not broadcasts(tensor.shape, shape):
            raise ValueError(
                f"`{name}` must be of a shape (..., numbers) that broadcasts to `{first}`. "
                f"{received(**tensors)}"
            )
    return promote(*tensors.values())
