"""Operations on JAX in the precision of their tensors, see `keras_attn.ops.precision`."""

import jax.numpy as jnp


def float64(name, *tensors, **options):
    """`keras.ops.<name>` of tensors and numbers."""
    return getattr(jnp, name)(*map(jnp.asarray, tensors), **options)
