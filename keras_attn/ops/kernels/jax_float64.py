"""Float64 operations on JAX, see `keras_attn.ops.precision`."""

import jax.numpy as jnp


def float64(name, *tensors, **options):
    """Equals `keras.ops.<name>`, for tensors and Python numbers."""
    return getattr(jnp, name)(*map(jnp.asarray, tensors), **options)
