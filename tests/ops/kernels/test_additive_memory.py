"""No kernel holds the hidden layer of all pairs, `(batch, queries, values, units)`."""

import importlib
import math
import re

import keras
import numpy as np
import pytest

from keras_attn import BahdanauAttention
from keras_attn.ops import alignment_scores
from tests.backend import BACKEND, gradients

pytestmark = pytest.mark.training

BATCH, QUERIES, VALUES, UNITS = 2, 32, 32, 512
WHOLE = BATCH * QUERIES * VALUES * UNITS
SHAPES = [(BATCH, QUERIES, 4), (BATCH, VALUES, 4)]
MASK = [None, np.arange(VALUES) < np.array([[VALUES], [5]])]


def largest_on_torch(run, layer):
    """Numbers of the largest tensor that any operation makes, forward and backward."""
    from torch.utils._python_dispatch import TorchDispatchMode

    sizes = []

    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            found = function(*args, **(kwargs or {}))
            sizes.extend(
                each.numel() for each in keras.tree.flatten(found) if hasattr(each, "numel")
            )
            return found

    with Record():
        gradients(run, [np.ones(shape, "float32") for shape in SHAPES], layer.trainable_variables)
    return max(sizes)


def largest_on_jax(run, layer):
    """All that XLA sets aside besides arguments and results, in numbers of single precision."""
    import jax
    import jax.numpy as jnp

    variables = layer.trainable_variables

    def loss(leaves, values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return jnp.sum(run(*leaves).astype("float32") ** 2)

    leaves = [jnp.ones(shape) for shape in SHAPES]
    values = [variable.value for variable in variables]
    compiled = jax.jit(jax.grad(loss, argnums=(0, 1))).lower(leaves, values).compile()
    return compiled.memory_analysis().temp_size_in_bytes // 4


def largest_on_tensorflow(run, layer):
    """Numbers of the largest tensor that XLA keeps between its instructions."""
    import tensorflow as tf

    @tf.function(jit_compile=True)
    def differentiated(query, value):
        with tf.GradientTape() as tape:
            tape.watch([query, value])
            loss = tf.reduce_sum(tf.cast(run(query, value), "float32") ** 2)
        return tape.gradient(loss, [query, value, *(v.value for v in layer.trainable_variables)])

    leaves = [tf.ones(shape) for shape in SHAPES]
    text = differentiated.experimental_get_compiler_ir(*leaves)(stage="optimized_hlo")
    # What stands in a fusion is never written down.
    kept = re.sub(r"(?ms)^%?fused_\S+ .*?^}", "", text)
    shapes = re.findall(r"\b(?:f16|bf16|f32)\[([\d,]+)\]", kept)
    return max(math.prod(map(int, shape.split(","))) for shape in shapes)


def largest(policy, masked):
    layer = BahdanauAttention(UNITS, dtype=policy)
    layer.build(SHAPES)

    def run(query, value):
        return layer([query, value], mask=MASK if masked else None)

    measure = {
        "torch": largest_on_torch,
        "jax": largest_on_jax,
        "tensorflow": largest_on_tensorflow,
    }[BACKEND]
    return measure(run, layer)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_hidden_layer_is_not_held(policy, masked, monkeypatch):
    if BACKEND == "torch":
        kernel = importlib.import_module("keras_attn.ops.kernels.torch_additive_scores")
        # All of it would fit into a tile.
        monkeypatch.setattr(kernel, "TILE", dict.fromkeys(kernel.TILE, 1))
    assert largest(policy, masked) < 0.4 * WHOLE


def test_the_plain_path_holds_it(monkeypatch):
    """As a check of the measurement."""
    monkeypatch.setattr(alignment_scores.kernels, "load", lambda name: None)
    assert largest("float32", False) >= WHOLE
