"""Benchmark of every kernel against its plain twin, in the memory layouts of the library.

    python benchmarks/kernels.py                        # all backends
    python benchmarks/kernels.py --backend torch --json kernels.json

A row is one kernel with one memory layout of its arguments: contiguous, transposed, sliced from a
larger tensor, or strided. The time in milliseconds is that of the value and of its gradient with
respect to every float argument; JAX and TensorFlow run compiled. Kernels that are used on some
processors only are forced on. If a kernel takes over 1.5 times as long as its plain twin, the
program exits with an error: a kernel has to be fast in every layout.

Kernels without an equivalent plain twin have no row: clipped gradients, random numbers, products in
full precision.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import harness
import numpy as np
from layouts import Strided, channels_last

LIMIT = 1.5


def measure(backend):
    import torch  # noqa: F401  # TensorFlow imported first ends in a segmentation fault

    if backend == "torch":
        force_products()
    found = []
    for name, (kernel, plain, layouts) in kernels(backend).items():
        for layout, arguments in layouts.items():
            milliseconds = harness.interleaved(
                {
                    "ours": with_gradient(backend, kernel, arguments),
                    "plain": with_gradient(backend, plain, arguments),
                },
                seconds=0.3,
            )
            found += harness.rows(f"{name}, {layout}", backend, milliseconds)
    return found


def force_products():
    """Enables products by oneDNN also on processors where the products of PyTorch are as fast."""
    from keras_attn.ops.kernels import torch_product

    torch_product._mkl_is_slow = lambda: True


def with_gradient(backend, function, arguments):
    """Returns a function without arguments that computes the value and its gradients, and waits."""
    generator = np.random.default_rng(0)
    wholes = [argument(generator) for argument in arguments]
    views = [argument.view for argument in arguments]

    squares = {"tensorflow": _squares_on_tensorflow}

    def loss(*wholes):
        found = function(*(view(whole) for view, whole in zip(views, wholes, strict=True)))
        found = found if isinstance(found, (list, tuple)) else [found]
        return sum(map(squares.get(backend, lambda each: (each * each).sum()), found))

    return {"torch": _torch, "jax": _jax, "tensorflow": _tensorflow}[backend](loss, wholes)


def _squares_on_tensorflow(tensor):
    import tensorflow as tf

    return tf.reduce_sum(tensor * tensor)


def _torch(loss, wholes):
    import torch

    wholes = [torch.tensor(each, requires_grad=True) for each in wholes]

    def run():
        value = loss(*wholes)
        return torch.autograd.grad(value, wholes) if value.requires_grad else value

    return run


def _jax(loss, wholes):
    import jax

    gradient = jax.jit(jax.grad(loss, tuple(range(len(wholes)))))
    wholes = list(map(jax.numpy.asarray, wholes))
    return lambda: jax.block_until_ready(gradient(*wholes))


def _tensorflow(loss, wholes):
    import tensorflow as tf

    wholes = list(map(tf.constant, wholes))

    @tf.function(jit_compile=True)
    def gradient(*wholes):
        with tf.GradientTape() as tape:
            tape.watch(wholes)
            value = loss(*wholes)
        return tape.gradient(value, wholes)

    return lambda: [each.numpy() for each in gradient(*wholes)][:0]


def kernels(backend):
    """Returns a dictionary: kernel name → (kernel, plain twin, layout → arguments)."""
    from keras_attn.ops import kernels as of_backend
    from keras_attn.ops.alignment_scores import plain_additive_scores
    from keras_attn.ops.external_memory import plain_write_memory
    from keras_attn.ops.grid_sample import plain_grid_sample
    from keras_attn.ops.recurrence import plain_over_steps

    def sampler(function):
        return lambda images, grid: function(images, grid, "bilinear", "zeros", False)

    def loop(function):
        def all_steps(sequence, kernel):
            from keras import ops

            def step(slices, state):
                state = ops.tanh(slices[0] + ops.matmul(state[0], kernel))
                return [state], [state]

            (found,), _ = function(step, [sequence], [0.0 * sequence[:, 0]])
            return found

        return all_steps

    def twins(name, plain, wrap=lambda function: function):
        return wrap(of_backend.load(name)), wrap(plain)

    keys = Strided((32, 15, 512))
    images, grid = Strided((16, 60, 60, 16)), Strided((16, 30, 30, 2), scale=0.5)
    add, head = Strided((64, 1, 20)), Strided((64, 1, 128), scale=0.1)
    found = {
        "additive_scores": (
            *twins("additive_scores", plain_additive_scores),
            {
                "all queries": [keys, keys, Strided((512,))],
                "one query": [Strided((32, 1, 512)), keys, Strided((512,))],
                "a slice of keys": [
                    Strided((32, 1, 1024), lambda whole: whole[..., :512]),
                    Strided((32, 15, 1024), lambda whole: whole[..., 512:]),
                    Strided((512,)),
                ],
            },
        ),
        "grid_sample": (
            *twins("grid_sample", plain_grid_sample, sampler),
            {
                "channels last": [images, grid],
                "channels first": [Strided((16, 16, 60, 60), channels_last), grid],
                "one channel": [Strided((64, 60, 60, 1)), Strided((64, 30, 30, 2), scale=0.5)],
            },
        ),
        "write_memory": (
            *twins("write_memory", plain_write_memory),
            {
                "whole": [Strided((64, 128, 20)), head, add, add],
                "slices": [
                    Strided((64, 2560), lambda whole: whole.reshape(64, 128, 20))
                    if backend != "tensorflow"
                    else Strided((64, 128, 20)),
                    Strided((64, 2, 128), lambda whole: whole[:, 1:], 0.1),
                    Strided((64, 1, 40), lambda whole: whole[..., :20]),
                    Strided((64, 1, 40), lambda whole: whole[..., 20:]),
                ],
            },
        ),
    }
    if backend == "torch":
        from torch_kernels import torch_kernels

        return {**found, **torch_kernels()}
    sequence, square_kernel = Strided((32, 16, 128)), Strided((128, 128), scale=0.05)
    found["over_steps"] = (
        *twins("over_steps", plain_over_steps, loop),
        {
            "whole": [sequence, square_kernel],
            "a slice of a kernel": [
                sequence, Strided((128, 256), lambda whole: whole[:, 128:], 0.05),
            ],
        },
    )  # fmt: skip
    return found


if __name__ == "__main__":
    harness.main(measure, "Every kernel against its plain twin.", limit=LIMIT)
