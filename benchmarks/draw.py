"""A training step of DRAW beside one in plain PyTorch, and beside its bare matrix products.

    python benchmarks/draw.py                             # all backends
    python benchmarks/draw.py --backend jax --json draw.json

Ours is `DRAW` of 10 steps with 256 units, 100 latent numbers and windows of 5 by 5, trained by
`train_on_batch` on 64 images of 28 by 28; JAX and TensorFlow run compiled. The peer has the same
sizes, written as the public ports for PyTorch are: a loop over the steps in Python, and for each
step the filters of the image and of the error, one product after the other. The bare products are
those of the LSTMs and of the dense layers, forward and backward, by PyTorch's own function, which
on some processors is not the fastest there is. Rows that name steps, a patch or an image compare
with ourselves: how the cost grows.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import harness
import numpy as np

BATCH, STEPS, UNITS, LATENT, PATCH, SIDE = 64, 10, 256, 100, 5, 28
COSTS = {"steps": (5, 10, 20, 40), "patch": (2, 5, 10, 20), "side": (28, 56, 112)}


def measure(backend):
    import torch  # before TensorFlow, which ends in a segmentation fault otherwise

    functions = {
        "ours": our_step(),
        "plain PyTorch, a product after the other": peer_step(torch),
        "bare matrix products, PyTorch": products(torch),
    }
    milliseconds = harness.interleaved(functions, seconds=8.0)
    found = harness.rows(f"training step, {STEPS} glimpses", backend, milliseconds)
    for kind, sizes in COSTS.items():
        functions = {size: our_step(**{kind: size}) for size in sizes}
        milliseconds = harness.interleaved(functions, seconds=2.0)
        for size in sizes:
            found += harness.rows(
                f"training step, {kind} {size}",
                backend,
                {size: milliseconds[size], f"{kind} {sizes[0]}": milliseconds[sizes[0]]},
                ours=size,
            )
    return found


def images(side=SIDE):
    return np.random.default_rng(0).integers(0, 2, (BATCH, side, side, 1)).astype("float32")


def our_step(steps=STEPS, patch=PATCH, side=SIDE):
    """A function that trains DRAW by one batch."""
    import keras

    from keras_attn.applications import DRAW

    model = DRAW(
        (side, side, 1), steps, UNITS, LATENT, patch, patch, data_format="channels_last", seed=0
    )
    model.compile(
        keras.optimizers.Adam(1e-3, global_clipnorm=5.0),
        jit_compile=keras.backend.backend() != "torch",
    )
    batch = images(side)
    return lambda: model.train_on_batch(batch)


def peer_step(torch):
    """A function that trains the peer by one batch."""
    model = peer(torch)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    batch = torch.from_numpy(images().reshape(BATCH, SIDE * SIDE))

    def step():
        optimizer.zero_grad()
        model(batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()

    return step


def peer(torch):
    nn = torch.nn

    class Painter(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTMCell(2 * PATCH * PATCH + UNITS, UNITS)
            self.mean = nn.Linear(UNITS, LATENT)
            self.log_stddev = nn.Linear(UNITS, LATENT)
            self.decoder = nn.LSTMCell(LATENT, UNITS)
            self.read_window = nn.Linear(UNITS, 5)
            self.write_window = nn.Linear(UNITS, 5)
            self.patch = nn.Linear(UNITS, PATCH * PATCH)

        def filters(self, numbers):
            x, y, variance, stride, intensity = numbers.split(1, dim=1)
            x, y = (SIDE + 1) / 2 * (x + 1), (SIDE + 1) / 2 * (y + 1)
            stride = (SIDE - 1) / (PATCH - 1) * torch.exp(stride)
            steps = torch.arange(1, PATCH + 1).float() - PATCH / 2 - 0.5
            pixels = torch.arange(1, SIDE + 1).float()
            found = []
            for center in (y, x):
                mean = (center + steps * stride)[..., None]
                mass = torch.exp(-((pixels - mean) ** 2) / (2 * torch.exp(variance)[..., None]))
                found.append(mass / (mass.sum(dim=2, keepdim=True) + 1e-8))
            return *found, torch.exp(intensity)

        def read(self, image, error, hidden):
            down, along, intensity = self.filters(self.read_window(hidden))
            patches = []
            for each in (image, error):
                each = each.view(-1, SIDE, SIDE)
                patch = torch.bmm(torch.bmm(down, each), along.transpose(1, 2))
                patches.append(intensity * patch.reshape(-1, PATCH * PATCH))
            return torch.cat(patches, dim=1)

        def write(self, hidden):
            patch = self.patch(hidden).view(-1, PATCH, PATCH)
            down, along, intensity = self.filters(self.write_window(hidden))
            written = torch.bmm(torch.bmm(down.transpose(1, 2), patch), along)
            return written.reshape(-1, SIDE * SIDE) / intensity

        def forward(self, image):
            batch = len(image)
            canvas = torch.zeros(batch, SIDE * SIDE)
            encoder = [torch.zeros(batch, UNITS)] * 2
            decoder = [torch.zeros(batch, UNITS)] * 2
            kl_divergence = 0.0
            for _ in range(STEPS):
                error = image - torch.sigmoid(canvas)
                seen = self.read(image, error, decoder[0])
                encoder = self.encoder(torch.cat([seen, decoder[0]], dim=1), encoder)
                mean, log_stddev = self.mean(encoder[0]), self.log_stddev(encoder[0])
                stddev = torch.exp(log_stddev)
                latent = mean + stddev * torch.randn_like(mean)
                terms = mean**2 + stddev**2 - 2 * log_stddev - 1
                kl_divergence = kl_divergence + 0.5 * terms.sum(dim=1)
                decoder = self.decoder(latent, decoder)
                canvas = canvas + self.write(decoder[0])
            told = nn.functional.binary_cross_entropy_with_logits(canvas, image, reduction="none")
            return (told.sum(dim=1) + kl_divergence).mean()

    return Painter()


def products(torch):
    """A function of the matrix products alone: those of each step, and of their two gradients."""
    sizes = (
        (2 * PATCH * PATCH + 2 * UNITS, 4 * UNITS),  # encoder
        (UNITS, 2 * LATENT),
        (LATENT + UNITS, 4 * UNITS),  # decoder
        (UNITS, PATCH * PATCH + 10),  # both windows, and the patch
    )
    tensors = [
        (torch.randn(BATCH, rows), torch.randn(rows, columns), torch.randn(BATCH, columns))
        for rows, columns in sizes
    ]

    def step():
        for _ in range(STEPS):
            for inputs, kernel, gradient in tensors:
                inputs @ kernel
                gradient @ kernel.T
                inputs.T @ gradient

    return step


if __name__ == "__main__":
    harness.main(measure, "A training step of DRAW beside one in plain PyTorch.")
