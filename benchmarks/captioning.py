"""Show, Attend and Tell beside a captioner in plain PyTorch: a training step.

    python benchmarks/captioning.py                       # all backends
    python benchmarks/captioning.py --backend jax --json captioning.json

Ours is `ShowAttendTell` on feature maps that are given. The peer has the same sizes, written as the
well-known tutorial for PyTorch writes it: a loop over the words in Python, in which the annotations
are projected anew at every step, with a gate for each number of the context and the logits of each
word computed one after the other. Milliseconds are those of a step of training, Adam included. JAX
and TensorFlow run compiled; PyTorch as it is, and after `keras_attn.enable_step_compilation()`.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import harness
import numpy as np

BATCH, WORDS, VOCABULARY = 64, 20, 5000
SIDE, DEPTH, UNITS, EMBEDDING = 14, 512, 512, 512


def measure(backend):
    import torch  # before TensorFlow, which ends in a segmentation fault otherwise

    import keras_attn

    generator = np.random.default_rng(0)
    maps = generator.uniform(size=(BATCH, SIDE, SIDE, DEPTH)).astype("float32")
    target, labels = generator.integers(3, VOCABULARY, (2, BATCH, WORDS)).astype("int32")
    model, peer = ours(), theirs(torch)
    optimizer = torch.optim.Adam(peer.parameters())

    def peer_step():
        optimizer.zero_grad()
        logits, weights = peer(torch.from_numpy(maps), torch.from_numpy(target).long())
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(labels).long().flatten()
        )
        (loss + ((1.0 - weights.sum(dim=1)) ** 2).mean()).backward()
        optimizer.step()

    functions = {
        "ours": lambda: model.train_on_batch({"image": maps, "target": target}, labels),
        "plain PyTorch, annotations projected each step": peer_step,
    }
    task = f"training step, {BATCH} maps {SIDE}x{SIDE}x{DEPTH}, {WORDS} words"
    found = harness.rows(task, backend, harness.interleaved(functions, seconds=15.0))
    if backend == "torch":
        keras_attn.enable_step_compilation()
        functions["ours"]()
        milliseconds = harness.interleaved(functions, seconds=15.0)
        found += harness.rows(f"{task}, compiled steps", backend, milliseconds)
    return found


def ours():
    """`ShowAttendTell` on feature maps, ready to be trained."""
    import keras

    from keras_attn.applications import ShowAttendTell
    from keras_attn.losses import TokenCrossentropy

    model = ShowAttendTell(
        (SIDE, SIDE, DEPTH),
        VOCABULARY,
        encoder=keras.layers.Identity(name="features"),
        units=UNITS,
        embedding_units=EMBEDDING,
        gate="vector",
        data_format="channels_last",
    )
    model.compile(
        keras.optimizers.Adam(),
        TokenCrossentropy(),
        jit_compile=keras.backend.backend() != "torch",
    )
    return model


def theirs(torch):
    """Soft attention over the places, everything word by word."""
    nn = torch.nn

    class Captioner(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
            self.place = nn.Linear(DEPTH, UNITS)
            self.state = nn.Linear(UNITS, UNITS)
            self.energy = nn.Linear(UNITS, 1)
            self.gate = nn.Linear(UNITS, DEPTH)
            self.first_hidden = nn.Linear(DEPTH, UNITS)
            self.first_cell = nn.Linear(DEPTH, UNITS)
            self.cell = nn.LSTMCell(EMBEDDING + DEPTH, UNITS)
            self.drop = nn.Dropout(0.5)
            self.logits = nn.Linear(UNITS, VOCABULARY)

        def forward(self, maps, target):
            places = maps.flatten(1, 2)
            mean = places.mean(dim=1)
            hidden, cell = self.first_hidden(mean), self.first_cell(mean)
            embedded = self.embedding(target)
            logits, weights = [], []
            for step in range(target.shape[1]):
                both = torch.relu(self.place(places) + self.state(hidden)[:, None])
                seen = torch.softmax(self.energy(both)[..., 0], dim=-1)
                context = (places * seen[..., None]).sum(dim=1)
                context = torch.sigmoid(self.gate(hidden)) * context
                inputs = torch.cat([embedded[:, step], context], dim=-1)
                hidden, cell = self.cell(inputs, (hidden, cell))
                logits.append(self.logits(self.drop(hidden)))
                weights.append(seen)
            return torch.stack(logits, dim=1), torch.stack(weights, dim=1)

    return Captioner()


if __name__ == "__main__":
    harness.main(measure, "Show, Attend and Tell beside a captioner in plain PyTorch.")
