"""Training a Neural Turing Machine on copying, beside one in plain PyTorch.

    python benchmarks/ntm.py                              # all backends
    python benchmarks/ntm.py --backend jax --json ntm.json --picture ntm.png

Ours is `NeuralTuringMachine` with an LSTM of 100 units and one head of each kind, trained by
`train_on_batch` on sequences of 20 vectors; JAX and TensorFlow run compiled. The peer has the same
sizes, written as the public ports for PyTorch are: a loop over the steps in Python, a module and a
projection for each head, and a loop over the batch for the shift. Rows that name a memory or a
length compare with ourselves: how the cost grows.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import harness

UNITS, LOCATIONS, WIDTH, LENGTH = 100, 128, 20, 20
BATCHES = (16, 128)
MEMORIES, LENGTHS = (128, 512, 2048, 8192), (10, 20, 40, 80)


def measure(backend):
    import torch  # before TensorFlow, which ends in a segmentation fault otherwise

    found = []
    for batch in BATCHES:
        functions = {
            "ours": our_step(batch),
            "plain PyTorch, a module for each head": peer_step(torch, batch),
        }
        milliseconds = harness.interleaved(functions, seconds=10.0)
        found += harness.rows(f"training step, batch {batch}", backend, milliseconds)
        if backend == "torch":
            functions["ours"] = with_compiled_steps(functions["ours"])
            milliseconds = harness.interleaved(functions, seconds=10.0)
            name = f"training step, batch {batch}, compiled steps"
            found += harness.rows(name, backend, milliseconds)
    costs = {
        "memory": {locations: our_step(16, locations) for locations in MEMORIES},
        "length": {length: our_step(16, length=length) for length in LENGTHS},
    }
    for kind, functions in costs.items():
        milliseconds = harness.interleaved(functions, seconds=3.0)
        first = next(iter(functions))
        for size in functions:
            found += harness.rows(
                f"training step, batch 16, {kind} {size}",
                backend,
                {size: milliseconds[size], f"{kind} {first}": milliseconds[first]},
                ours=size,
            )
    return found


def our_step(batch, locations=LOCATIONS, length=LENGTH):
    """A function that trains a machine of ours by one batch."""
    import keras

    from keras_attn import NTMCell
    from keras_attn.applications import NeuralTuringMachine
    from keras_attn.datasets import CopyTask

    task = CopyTask(lengths=length, batch_size=batch, pad_to_multiple_of=1)
    cell = NTMCell(UNITS, memory_locations=locations, memory_width=WIDTH)
    model = NeuralTuringMachine(task.input_channels, task.target_channels, cell)
    model.compile(
        keras.optimizers.RMSprop(1e-4, momentum=0.9),
        keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() != "torch",
    )
    inputs, targets, weights = task[0]
    return lambda: model.train_on_batch(inputs, targets, weights)


def with_compiled_steps(step):
    """The same step of training, with the steps of the sequence compiled."""
    import keras_attn

    def compiled():
        keras_attn.enable_step_compilation()
        step()
        keras_attn.enable_step_compilation(False)

    return compiled


def peer_step(torch, batch):
    """A function that trains the peer by one batch."""
    from keras_attn.datasets import CopyTask

    task = CopyTask(lengths=LENGTH, batch_size=batch, pad_to_multiple_of=1)
    model = peer(torch, task.input_channels, task.target_channels)
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-4, momentum=0.9)
    inputs, targets, weights = map(torch.from_numpy, task[0])

    def step():
        optimizer.zero_grad()
        found = model(inputs)
        loss = torch.nn.functional.binary_cross_entropy(found, targets, reduction="none")
        (loss.mean(dim=-1) * weights).mean().backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), 10.0)
        optimizer.step()

    return step


def peer(torch, input_channels, output_channels):
    """A machine with one head of each kind, every part of it for itself."""
    nn, functional = torch.nn, torch.nn.functional

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.key = nn.Linear(UNITS, WIDTH)
            self.strength = nn.Linear(UNITS, 1)
            self.gate = nn.Linear(UNITS, 1)
            self.shift = nn.Linear(UNITS, 3)
            self.sharpening = nn.Linear(UNITS, 1)

        def address(self, hidden, memory, before):
            key = torch.tanh(self.key(hidden))
            strength = functional.softplus(self.strength(hidden))
            gate = torch.sigmoid(self.gate(hidden))
            shift = torch.softmax(self.shift(hidden), dim=1)
            sharpening = 1.0 + functional.softplus(self.sharpening(hidden))
            likeness = functional.cosine_similarity(memory + 1e-16, key[:, None] + 1e-16, dim=-1)
            content = torch.softmax(strength * likeness, dim=1)
            mixed = gate * content + (1.0 - gate) * before
            moved = torch.zeros_like(mixed)
            for row in range(len(mixed)):
                ring = torch.cat([mixed[row, -1:], mixed[row], mixed[row, :1]])
                moved[row] = functional.conv1d(ring[None, None], shift[row][None, None])[0, 0]
            sharp = moved**sharpening
            return sharp / (sharp.sum(dim=1, keepdim=True) + 1e-16)

    class ReadHead(Head):
        def forward(self, hidden, memory, before):
            weights = self.address(hidden, memory, before)
            return torch.matmul(weights[:, None], memory)[:, 0], weights

    class WriteHead(Head):
        def __init__(self):
            super().__init__()
            self.erase = nn.Linear(UNITS, WIDTH)
            self.add = nn.Linear(UNITS, WIDTH)

        def forward(self, hidden, memory, before):
            weights = self.address(hidden, memory, before)
            erase, add = torch.sigmoid(self.erase(hidden)), torch.tanh(self.add(hidden))
            kept = memory * (1.0 - weights[..., None] * erase[:, None])
            return kept + weights[..., None] * add[:, None], weights

    class Machine(nn.Module):
        def __init__(self):
            super().__init__()
            self.controller = nn.LSTM(input_channels + WIDTH, UNITS)
            self.read_head, self.write_head = ReadHead(), WriteHead()
            self.output = nn.Linear(UNITS + WIDTH, output_channels)
            self.first_read = nn.Parameter(0.01 * torch.randn(1, WIDTH))
            self.first_state = nn.Parameter(0.05 * torch.randn(2, 1, 1, UNITS))
            self.register_buffer("first_memory", torch.full((1, LOCATIONS, WIDTH), 1e-6))

        def forward(self, sequences):
            batch = len(sequences)
            memory = self.first_memory.repeat(batch, 1, 1)
            read = self.first_read.repeat(batch, 1)
            state = tuple(each.repeat(1, batch, 1) for each in self.first_state)
            read_weights = write_weights = torch.zeros(batch, LOCATIONS)
            outputs = []
            for step in range(sequences.shape[1]):
                seen = torch.cat([sequences[:, step], read], dim=1)
                hidden, state = self.controller(seen[None], state)
                hidden = hidden[0]
                read, read_weights = self.read_head(hidden, memory, read_weights)
                memory, write_weights = self.write_head(hidden, memory, write_weights)
                outputs.append(torch.sigmoid(self.output(torch.cat([hidden, read], dim=1))))
            return torch.stack(outputs, dim=1)

    return Machine()


def draw(rows, path):
    """Plots the time of a training step over memory size and sequence length, for each backend."""
    from keras_attn.visualization.figures import INK, PAGE_COLOURS, new_figure, saved

    figure = new_figure(11.0, 4.2)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    names = {"memory": "memory, locations", "length": "length of what is copied"}
    for axes, (kind, name) in zip(figure.subplots(1, 2), names.items(), strict=True):
        axes.set(xscale="log", yscale="log")
        axes.set_xlabel(name, fontsize=14, color=INK)
        axes.set_ylabel("training step, ms", fontsize=14, color=INK)
        for backend, shade in zip(harness.BACKENDS, PAGE_COLOURS, strict=False):
            own = [row for row in rows if row["backend"] == backend and f", {kind} " in row["name"]]
            if own:
                sizes = [int(row["name"].split()[-1]) for row in own]
                times = [row["ours_ms"] for row in own]
                axes.plot(sizes, times, "o-", color=shade, linewidth=2.5, label=backend)
                axes.set_xticks(sizes, sizes, fontsize=13)
        axes.minorticks_off()
        axes.tick_params(axis="y", labelsize=13)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        axes.legend(fontsize=13, frameon=False)
    saved(figure, path)


if __name__ == "__main__":
    harness.main(measure, "Neural Turing Machines beside one in plain PyTorch.", draw)
