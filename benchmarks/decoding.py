"""RNNsearch beside a translator in plain PyTorch: a training step, and beam search.

    python benchmarks/decoding.py                       # all backends
    python benchmarks/decoding.py --backend jax --json decoding.json

Ours is `RNNSearch`. The peer has the same equations and sizes, written as tutorials write them: a
loop over the words in Python, in which the keys of the memory are projected anew at every step and
the logits of each word are computed, and a beam search of one sentence at a time. Milliseconds are
those of a step of training, Adam included, and of a sentence. JAX and TensorFlow run compiled.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import harness
import numpy as np

BATCH, STEPS, VOCABULARY = 128, 25, 8000
UNITS, EMBEDDING, MAXOUT = 512, 256, 256
BEAMS, SENTENCES = 5, 64
START, END = 1, 2


def measure(backend):
    import torch  # before TensorFlow, which ends in a segmentation fault otherwise

    generator = np.random.default_rng(0)
    source, target, labels = generator.integers(3, VOCABULARY, (3, BATCH, STEPS)).astype("int32")
    model, peer = ours(), theirs(torch)
    optimizer = torch.optim.Adam(peer.parameters())

    def peer_step():
        optimizer.zero_grad()
        logits = peer(torch.from_numpy(source).long(), torch.from_numpy(target).long())
        torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(labels).long().flatten()
        ).backward()
        optimizer.step()

    name = "plain PyTorch, keys anew each step"
    milliseconds = harness.interleaved(
        {
            "ours": lambda: model.train_on_batch({"source": source, "target": target}, labels),
            name: peer_step,
        },
        seconds=15.0,
    )
    found = harness.rows(f"training step, {BATCH} pairs of {STEPS} words", backend, milliseconds)

    sources = source[:SENTENCES].tolist()
    one = torch.from_numpy(source[:1]).long()
    # Untrained models do not end by themselves: all sentences are of the same length.
    fixed = {"max_length": STEPS, "min_length": STEPS, "num_beams": BEAMS}
    milliseconds = harness.interleaved(
        {
            "ours": lambda: model.generate(sources, search="beam", batch_size=SENTENCES, **fixed),
            "plain PyTorch, one at a time": lambda: beam_search(torch, peer, one),
        },
        seconds=10.0,
    )
    milliseconds["ours"] /= SENTENCES
    found += harness.rows(f"a sentence, beam of {BEAMS}, {STEPS} words", backend, milliseconds)
    return found


def ours():
    """`RNNSearch`, ready to be trained."""
    import keras

    from keras_attn.applications import RNNSearch
    from keras_attn.losses import TokenCrossentropy

    model = RNNSearch(VOCABULARY, VOCABULARY, UNITS, EMBEDDING, MAXOUT)
    model.compile(
        keras.optimizers.Adam(),
        TokenCrossentropy(),
        jit_compile=keras.backend.backend() != "torch",
    )
    return model


def theirs(torch):
    """The same equations in PyTorch; keys and logits are computed word by word."""
    nn = torch.nn

    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.source_embedding = nn.Embedding(VOCABULARY, EMBEDDING)
            self.target_embedding = nn.Embedding(VOCABULARY, EMBEDDING)
            self.encoder = nn.GRU(EMBEDDING, UNITS, batch_first=True, bidirectional=True)
            self.first_state = nn.Linear(UNITS, UNITS)
            self.query = nn.Linear(UNITS, UNITS, bias=False)
            self.key = nn.Linear(2 * UNITS, UNITS, bias=False)
            self.energy = nn.Linear(UNITS, 1, bias=False)
            self.cell = nn.GRUCell(EMBEDDING + 2 * UNITS, UNITS)
            self.maxout = nn.Linear(3 * UNITS + EMBEDDING, 2 * MAXOUT)
            self.logits = nn.Linear(MAXOUT, VOCABULARY)

        def encode(self, source):
            memory, last = self.encoder(self.source_embedding(source))
            return memory, torch.tanh(self.first_state(last[1]))

        def step(self, words, state, memory):
            embedded = self.target_embedding(words)
            hidden = torch.tanh(self.query(state)[:, None] + self.key(memory))
            weights = torch.softmax(self.energy(hidden)[..., 0], dim=-1)
            context = torch.bmm(weights[:, None], memory)[:, 0]
            state = self.cell(torch.cat([embedded, context], dim=-1), state)
            both = self.maxout(torch.cat([state, embedded, context], dim=-1))
            return self.logits(torch.maximum(*both.chunk(2, dim=-1))), state

        def forward(self, source, target):
            memory, state = self.encode(source)
            logits = []
            for step in range(target.shape[1]):
                found, state = self.step(target[:, step], state, memory)
                logits.append(found)
            return torch.stack(logits, dim=1)

    return Translator()


def beam_search(torch, peer, source):
    """The likeliest of the beams of one sentence, all of the same length."""
    with torch.no_grad():
        memory, state = peer.encode(source)
        memory, state = memory.repeat(BEAMS, 1, 1), state.repeat(BEAMS, 1)
        words = torch.full((BEAMS, 1), START)
        scores = torch.tensor([0.0] + [-1e9] * (BEAMS - 1))
        for _ in range(STEPS):
            logits, state = peer.step(words[:, -1], state, memory)
            logits[:, [0, START, END]] = -1e9
            total = scores[:, None] + torch.log_softmax(logits, dim=-1)
            scores, places = total.flatten().topk(BEAMS)
            origin = places // VOCABULARY
            words = torch.cat([words[origin], (places % VOCABULARY)[:, None]], dim=1)
            state = state[origin]
        return words[0].tolist()


if __name__ == "__main__":
    harness.main(measure, "RNNsearch beside a translator in plain PyTorch.")
