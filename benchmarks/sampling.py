"""The sampler beside torch's `grid_sample`, kornia's warp and the operations of Keras.

    python benchmarks/sampling.py                       # all backends
    python benchmarks/sampling.py --backend jax --json sampling.json

Every batch is sampled bilinearly through random affine grids (up to 45 degrees, scales of 0.7
to 1.2, small shifts): forward, forward and backward to image and grid, and to the grid alone.
JAX and TensorFlow run compiled, ours and Keras's alike. Torch's `grid_sample` takes part on
every backend, in the same process, on channels-last memory, which is the faster one on CPUs. With
a GPU all run there; set `XLA_PYTHON_CLIENT_PREALLOCATE=false`, so that JAX leaves torch some of
its memory.
"""

import contextlib

import harness
import numpy as np

SIZES = [(128, 60, 60, 1), (16, 56, 56, 64), (8, 224, 224, 3)]


def measure(backend):
    import torch  # before tensorflow, which otherwise ends in a segmentation fault

    runner = {"jax": Jax, "tensorflow": TensorFlow, "torch": Torch}[backend]()
    found = []
    for size in SIZES:
        images, theta, grid, cotangent = draw(size)
        native = Torch()
        label = "x".join(map(str, size))
        theirs = native.load(images, grid, cotangent)
        ours = runner.load(images, grid, cotangent)
        eight, points = keras_arguments(theta, grid, size)
        with torch.no_grad():
            functions = {
                "ours": runner.forward(ours_sample, *ours[:2]),
                "torch.grid_sample": native.forward(torch_sample, *theirs[:2]),
                "keras.ops.image.affine_transform": runner.forward(
                    keras_affine, ours[0], *runner.load(eight)
                ),
                "keras.ops.image.map_coordinates": runner.forward(
                    keras_map, ours[0], *runner.load(points)
                ),
            }
            if backend == "torch":
                functions["kornia.warp_affine"] = native.forward(
                    kornia_warp(size), theirs[0], *native.load(pixel_theta(theta, size))
                )
            found += harness.rows(f"forward {label}", backend, harness.interleaved(functions))
        for name, with_images in (("image and grid", True), ("grid", False)):
            functions = {
                "ours": runner.backward(ours_sample, *ours, with_images),
                "torch.grid_sample": native.backward(torch_sample, *theirs, with_images),
            }
            if with_images:
                functions["keras.ops.image.map_coordinates"] = runner.backward(
                    keras_map, ours[0], *runner.load(points), ours[2], with_images
                )
            if with_images and backend != "tensorflow":
                # There it has no gradient to the transform.
                functions["keras.ops.image.affine_transform"] = runner.backward(
                    keras_affine, ours[0], *runner.load(eight), ours[2], with_images
                )
            if backend == "torch":
                functions["kornia.warp_affine"] = native.backward(
                    kornia_warp(size),
                    theirs[0],
                    *native.load(pixel_theta(theta, size)),
                    theirs[2],
                    with_images,
                )
            milliseconds = harness.interleaved(functions)
            found += harness.rows(f"forward+backward, {name} {label}", backend, milliseconds)
    return found


# === Data ===


def draw(size, seed=0):
    """Images, `theta`, its grid (`align_corners=False`) and a cotangent of the output."""
    generator = np.random.default_rng(seed)
    batch, height, width, _ = size
    angle = generator.uniform(-np.pi / 4, np.pi / 4, batch)
    scale = generator.uniform(0.7, 1.2, batch)
    theta = np.zeros((batch, 2, 3), "float32")
    theta[:, 0, 0] = theta[:, 1, 1] = scale * np.cos(angle)
    theta[:, 1, 0] = scale * np.sin(angle)
    theta[:, 0, 1] = -theta[:, 1, 0]
    theta[:, :, 2] = generator.uniform(-0.1, 0.1, (batch, 2))
    y, x = np.meshgrid(*[(2 * np.arange(n) + 1) / n - 1 for n in (height, width)], indexing="ij")
    grid = np.einsum("bij,hwj->bhwi", theta, np.stack([x, y, np.ones_like(x)], -1))
    images, cotangent = generator.normal(size=(2, *size)).astype("float32")
    return images, theta, grid.astype("float32"), cotangent


def pixel_theta(theta, size):
    """The same maps between pixels, `(batch, 2, 3)`, from output to input."""
    _, height, width, _ = size
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    half = np.array([width / 2, height / 2])
    linear = theta[:, :, :2] * half[:, None] / half
    offset = half * theta[:, :, 2] + centre - np.einsum("bij,j->bi", linear, centre)
    return np.concatenate([linear, offset[..., None]], -1).astype("float32")


def keras_arguments(theta, grid, size):
    """`affine_transform`'s 8 numbers, and `map_coordinates`' coordinates in pixels."""
    batch, height, width, channels = size
    eight = np.zeros((batch, 8), "float32")
    eight[:, :6] = pixel_theta(theta, size).reshape(batch, 6)
    x, y = (((grid[..., a] + 1) * n - 1) / 2 for a, n in ((0, width), (1, height)))
    index = np.meshgrid(np.arange(batch), np.arange(channels), indexing="ij")
    whole = [np.broadcast_to(i[:, None, None, :], size) for i in index]
    whole[1:1] = [np.broadcast_to(c[..., None], size) for c in (y, x)]
    return eight, np.stack(whole).astype("float32")


# === What is timed ===


def ours_sample(images, grid):
    from keras_attn.ops import grid_sample

    return grid_sample(images, grid, data_format="channels_last")


def torch_sample(images, grid):
    import torch

    return torch.nn.functional.grid_sample(
        images.permute(0, 3, 1, 2), grid, align_corners=False
    ).permute(0, 2, 3, 1)


def kornia_warp(size):
    import kornia

    def warp(images, matrix):
        # kornia inverts the matrix that it is given; ours maps from output to input.
        return kornia.geometry.transform.warp_affine(
            images.permute(0, 3, 1, 2), matrix, size[1:3], align_corners=True
        ).permute(0, 2, 3, 1)

    return warp


def keras_affine(images, eight):
    from keras import ops

    return ops.image.affine_transform(images, eight + 0.0, data_format="channels_last")


def keras_map(images, points):
    from keras import ops

    return ops.image.map_coordinates(images, points, order=1)


# === Backends ===


class Torch:
    def load(self, *arrays):
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        return [torch.tensor(array, device=device) for array in arrays]

    def forward(self, function, *tensors):
        return self._waiting(lambda: function(*tensors))

    def backward(self, function, images, grid, cotangent, with_images):
        leaves = [grid.detach().requires_grad_(), images.detach().requires_grad_(with_images)]

        def run():
            import torch

            sampled = function(leaves[1], leaves[0])
            torch.autograd.grad(sampled, leaves[: 1 + with_images], cotangent)

        return self._waiting(run)

    def _waiting(self, function):
        import torch

        if not torch.cuda.is_available():
            return function

        def run():
            function()
            torch.cuda.synchronize()

        return run


class Jax:
    def load(self, *arrays):
        import jax.numpy as jnp

        return [jnp.asarray(array) for array in arrays]

    def forward(self, function, *tensors):
        import jax

        compiled = jax.jit(function)
        return lambda: compiled(*tensors).block_until_ready()

    def backward(self, function, images, grid, cotangent, with_images):
        import jax

        @jax.jit
        def run(images, grid, cotangent):
            if not with_images:
                sampled, pull_back = jax.vjp(lambda grid: function(images, grid), grid)
            else:
                sampled, pull_back = jax.vjp(function, images, grid)
            return sampled, pull_back(cotangent)

        return lambda: jax.block_until_ready(run(images, grid, cotangent))


class TensorFlow:
    def load(self, *arrays):
        import tensorflow as tf

        return [tf.constant(array) for array in arrays]

    def forward(self, function, *tensors):
        compiled = self._compile(function, function, *tensors)
        # A view waits for the result, where `.numpy()` would copy it.
        return lambda: memoryview(compiled(*tensors))

    def backward(self, function, images, grid, cotangent, with_images):
        import tensorflow as tf

        def run(images, grid, cotangent):
            leaves = [grid, images][: 1 + with_images]
            with tf.GradientTape() as tape:
                tape.watch(leaves)
                sampled = function(images, grid)
            return sampled, tape.gradient(sampled, leaves, output_gradients=cotangent)

        run = self._compile(function, run, images, grid, cotangent)
        return lambda: [memoryview(t) for t in tf.nest.flatten(run(images, grid, cotangent))]

    def _compile(self, timed, function, *tensors):
        """With XLA where it can; ours compiles itself, as it does inside an uncompiled model."""
        import tensorflow as tf

        if timed is not ours_sample:
            with contextlib.suppress(Exception):
                compiled = tf.function(function, jit_compile=True)
                compiled(*tensors)
                return compiled
        return tf.function(function)


if __name__ == "__main__":
    harness.main(measure, "The sampler beside its peers.")
