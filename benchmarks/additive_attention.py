"""Additive attention beside that of Keras, with equal projections: time and memory.

    python benchmarks/additive_attention.py                       # all backends
    python benchmarks/additive_attention.py --backend jax --json additive.json

Ours is `BahdanauAttention`; the peer is `keras.layers.AdditiveAttention` between two dense layers
of the same width. JAX and TensorFlow run compiled. Rows of memory say so in their name: they are
the most megabytes that a forward and backward pass needs beyond what it is given, as XLA plans them
on JAX and TensorFlow, and on PyTorch as a process of its own grows in its second pass (`VmHWM`).
They are measured with a mask of the values, and in mixed precision, too.
"""

import gc
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import harness
import numpy as np

# Batch, queries, values, units.
SIZES = [(16, 64, 256, 256), (8, 256, 1024, 512)]
NAMES = ("ours", "keras.AdditiveAttention")
# What is measured in memory besides float32 without a mask.
VARIANTS = ("masked", "mixed_bfloat16")


def measure(backend):
    found = []
    for size in SIZES:
        label = "x".join(map(str, size))
        # Before this process holds as much itself: both would not fit into 24 GB.
        megabytes = {
            variant: {name: peak(backend, name, size, variant) for name in NAMES}
            for variant in ("", *VARIANTS)
        }
        calls = {name: make(backend, name, size) for name in NAMES}
        for part in ("forward", "forward+backward"):
            functions = {name: call[part] for name, call in calls.items()}
            milliseconds = harness.interleaved(functions, seconds=3.0)
            found += harness.rows(f"{part} {label}", backend, milliseconds)
        del calls, functions
        gc.collect()
        for variant, values in megabytes.items():
            what = f"forward+backward, {variant}" if variant else "forward+backward"
            found += harness.rows(f"memory (MB) of {what} {label}", backend, values)
    return found


def make(backend, name, size, variant=""):
    """The two passes of a layer, each a function that returns when its result is there."""
    import keras

    batch, queries, values, units = size
    generator = np.random.default_rng(0)
    shapes = [(batch, queries, units), (batch, values, units), (batch, queries, units)]
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes]
    dtype = variant if variant.startswith("mixed") else "float32"
    layer = layers()[name](units, dtype, masked=variant == "masked")
    query, value, cotangent = (
        keras.ops.convert_to_tensor(array, layer.compute_dtype) for array in arrays
    )
    layer(query[:, :1], value[:, :1])
    passes = {"jax": jax_passes, "tensorflow": tensorflow_passes, "torch": torch_passes}
    return passes[backend](layer, query, value, cotangent)


def layers():
    import keras

    from keras_attn import BahdanauAttention

    class Ours(keras.layers.Layer):
        def __init__(self, units, dtype, masked):
            super().__init__(dtype=dtype)
            self.masked = masked
            self.attention = BahdanauAttention(units, dtype=dtype)

        def call(self, query, value):
            return self.attention([query, value], mask=masks(value) if self.masked else None)

    class Theirs(keras.layers.Layer):
        def __init__(self, units, dtype, masked):
            super().__init__(dtype=dtype)
            self.masked = masked
            self.query_projection = keras.layers.Dense(units, use_bias=False, dtype=dtype)
            self.key_projection = keras.layers.Dense(units, use_bias=False, dtype=dtype)
            self.attention = keras.layers.AdditiveAttention(dtype=dtype)

        def call(self, query, value):
            projected = [self.query_projection(query), value, self.key_projection(value)]
            return self.attention(projected, mask=masks(value) if self.masked else None)

    return dict(zip(NAMES, (Ours, Theirs), strict=True))


def masks(value):
    """None for the query; of the values half in the first example, and more up to all of them."""
    import keras

    batch, values = value.shape[:2]
    lengths = np.linspace(values / 2, values, batch)
    return [None, keras.ops.convert_to_tensor(np.arange(values) < lengths[:, None])]


# === Backends ===


def jax_passes(layer, query, value, cotangent):
    import jax

    variables = [variable.value for variable in layer.trainable_variables]

    def forward(variables, query, value):
        return layer.stateless_call(variables, [], query, value)[0]

    def both(variables, query, value, cotangent):
        context, pull_back = jax.vjp(forward, variables, query, value)
        return context, pull_back(cotangent)

    first = jax.jit(forward).lower(variables, query, value).compile()
    second = jax.jit(both).lower(variables, query, value, cotangent).compile()
    return {
        "forward": lambda: first(variables, query, value).block_until_ready(),
        "forward+backward": lambda: jax.block_until_ready(
            second(variables, query, value, cotangent)
        ),
        "bytes": second.memory_analysis().temp_size_in_bytes,
    }


def tensorflow_passes(layer, query, value, cotangent):
    import tensorflow as tf

    variables = [variable.value for variable in layer.trainable_variables]

    @tf.function(jit_compile=True)
    def forward():
        return layer(query, value)

    @tf.function(jit_compile=True)
    def both():
        with tf.GradientTape() as tape:
            tape.watch([query, value])
            context = layer(query, value)
        leaves = [*variables, query, value]
        return context, tape.gradient(context, leaves, output_gradients=cotangent)

    def wait(tensor):
        # A view copies nothing, but there is none of bfloat16.
        memoryview(tf.bitcast(tensor, "uint16") if tensor.dtype == "bfloat16" else tensor)

    return {
        "forward": lambda: wait(forward()),
        "forward+backward": lambda: [wait(t) for t in tf.nest.flatten(both())],
    }


def torch_passes(layer, query, value, cotangent):
    import torch

    leaves = [query.requires_grad_(), value.requires_grad_()]
    leaves += [variable.value for variable in layer.trainable_variables]
    wait = torch.cuda.synchronize if query.is_cuda else lambda: None

    def forward():
        with torch.no_grad():
            layer(query, value)
        wait()

    def both():
        torch.autograd.grad(layer(query, value), leaves, cotangent)
        wait()

    return {"forward": forward, "forward+backward": both}


# === Memory ===


def peak(backend, name, size, variant=""):
    """Megabytes that a forward and backward pass needs, found in a process of its own."""
    command = [sys.executable, __file__, "--peak", backend, name, variant, *map(str, size)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    # What glibc would keep of freed arrays for later goes back to the system at once.
    environment["MALLOC_MMAP_THRESHOLD_"] = str(2**16)
    with tempfile.TemporaryDirectory() as plans:
        if backend == "tensorflow":
            flags = f"--xla_dump_to={plans} --xla_dump_hlo_as_text"
            environment["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}"
        found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        if backend == "tensorflow":
            return planned(Path(plans))
    return float(found.stdout.split()[-1])


def planned(plans):
    """Megabytes of temporary arrays of the largest of the programs whose plans XLA has left."""
    sizes = re.compile(r"size (\d+),(?: color \d+,)? preallocated-temp")
    files = list(plans.glob("*_inference_both_*buffer-assignment.txt"))
    return max(int(size) for file in files for size in sizes.findall(file.read_text())) / 1e6


def print_peak(backend, name, variant, *size):
    made = make(backend, name, tuple(map(int, size)), variant)
    if backend == "jax":
        print(made["bytes"] / 1e6)
        return
    run = made["forward+backward"]
    run()  # what the machinery itself needs is had, and is not counted
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    run()
    print((status("VmHWM") - before) / 1e3)


def status(name):
    """A field of /proc/self/status, in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print_peak(*sys.argv[2:])
    else:
        harness.main(measure, "Additive attention beside that of Keras.")
