"""Gradients that are clipped on their way back, on JAX."""

from functools import partial

import jax
import jax.numpy as jnp


def clip_gradients(tensors, limit):
    """Equals its arguments, with gradients within the limit, for reverse mode only."""
    return _same(limit, tensors)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _same(limit, tensors):
    return tensors


def _forward(limit, tensors):
    return tensors, None


def _backward(limit, _, gradients):
    return ([jnp.clip(gradient, -limit, limit) for gradient in gradients],)


_same.defvjp(_forward, _backward)
