"""Random numbers as those of `keras.random`, on every backend at a like price."""

import keras

from keras_attn.ops import kernels


def uniform(shape, dtype=None, seed=None):
    """Numbers from [0, 1), see `keras.random.uniform`.

    Args:
        shape: of them.
        dtype: floating, by default that of Keras.
        seed: an integer, a `keras.random.SeedGenerator`, or None for that of Keras.

    Returns:
        A tensor of that shape.
    """
    dtype = keras.backend.standardize_dtype(dtype or keras.config.floatx())
    kernel = kernels.load("random_numbers")
    if kernel and seed is not None:
        return kernel("uniform", shape, dtype, seed)
    return keras.random.uniform(shape, dtype=dtype, seed=seed)


def normal(shape, dtype=None, seed=None):
    """Numbers from `N(0, 1)`, see `uniform` and `keras.random.normal`."""
    dtype = keras.backend.standardize_dtype(dtype or keras.config.floatx())
    kernel = kernels.load("random_numbers")
    if kernel and seed is not None:
        return kernel("normal", shape, dtype, seed)
    return keras.random.normal(shape, dtype=dtype, seed=seed)
