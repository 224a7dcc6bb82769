"""Writing to a memory on JAX: nothing but the arguments is kept for the gradient."""

import jax
import jax.numpy as jnp

from keras_attn.ops.external_memory import plain_write_memory, write_gradients


@jax.custom_vjp
def write_memory(memory, weights, erase, add):
    """Equals `plain_write_memory`, with a gradient of its own."""
    return plain_write_memory(memory, weights, erase, add)


def _forward(*arguments):
    # JAX passes NumPy arrays to the rule unconverted.
    arguments = tuple(map(jnp.asarray, arguments))
    return plain_write_memory(*arguments), arguments


def _backward(arguments, gradient):
    return write_gradients(*arguments, gradient)


write_memory.defvjp(_forward, _backward)
