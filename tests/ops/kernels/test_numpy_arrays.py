"""`jax.grad` with respect to NumPy arrays."""

import numpy as np
import pytest

from keras_attn import ops
from tests.backend import BACKEND

pytestmark = pytest.mark.skipif(BACKEND != "jax", reason="custom gradients of JAX")

FUNCTIONS = {
    **{
        f"grid_sample of {channels} channels, {interpolation}": (
            lambda images, grid, interpolation=interpolation: ops.grid_sample(
                images, grid, interpolation=interpolation, data_format="channels_last"
            ),
            [(1, 4, 4, channels), (1, 2, 2, 2)],
        )
        for channels in (1, 9)
        for interpolation in ("bilinear", "nearest", "bicubic")
    },
    "additive_scores": (ops.additive_scores, [(2, 3, 4), (2, 5, 4), (4,)]),
    "write_memory": (ops.write_memory, [(2, 5, 4), (2, 1, 5), (2, 1, 4), (2, 1, 4)]),
    "clip_gradients": (lambda x: ops.clip_gradients([x], 1.0)[0], [(2, 3)]),
    "allocation_weights": (ops.allocation_weights, [(2, 5)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_with_respect_to_numpy_arrays(name, generator):
    import jax
    import jax.numpy as jnp

    function, shapes = FUNCTIONS[name]
    arrays = [generator.uniform(size=shape).astype("float32") for shape in shapes]
    every = tuple(range(len(arrays)))
    gradient = jax.grad(lambda *arrays: jnp.sum(jnp.square(function(*arrays))), every)
    for found, expected in zip(gradient(*arrays), gradient(*map(jnp.asarray, arrays)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
