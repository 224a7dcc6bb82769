"""A small language model, and reference searches that keep sequences in lists."""

import itertools

import numpy as np
from keras import ops

from keras_attn.decoding import beam_search
from tests.backend import to_numpy

END, VOCABULARY, VALUES = 3, 5, 4
# Constraints of `is_allowed` to try, by name.
LIMITS = {
    "free": {},
    "long": {"min_length": 2},
    "suppressed": {"suppress_tokens": (1,)},
    "both": {"min_length": 3, "suppress_tokens": (0, 4)},
}


class Chain:
    """Step function whose state is a weighted sum of all previous tokens."""

    def __init__(self, generator, batch=2):
        self.table = generator.normal(size=(6, VOCABULARY)).astype("float32")
        self.looks = generator.normal(size=(6, VALUES)).astype("float32")
        self.seed = generator.normal(size=(batch, 6)).astype("float32")
        self.mix = generator.normal(size=(VOCABULARY, 6)).astype("float32")
        self.calls = 0
        self._known = {}

    def start(self):
        return {"history": np.zeros_like(self.seed)}

    def __call__(self, tokens, state, constants):
        self.calls += 1
        history = 0.7 * state["history"] + ops.take(ops.convert_to_tensor(self.mix), tokens, axis=0)
        seen = ops.tanh(history + constants)
        logits = 2.0 * ops.matmul(seen, ops.convert_to_tensor(self.table))
        weights = ops.softmax(ops.matmul(seen, ops.convert_to_tensor(self.looks)))
        return logits, {"history": history}, weights

    def log_probs(self, example, before):
        """Returns log-probabilities of the next token, and attention weights, by NumPy."""
        if (example, before) not in self._known:
            history = np.zeros(6)
            for token in (0, *before):
                history = 0.7 * history + self.mix[token]
            seen = np.tanh(history + self.seed[example])
            logits, mass = 2.0 * seen @ self.table, np.exp(seen @ self.looks)
            logits -= np.log(np.exp(logits).sum())
            self._known[example, before] = logits, mass / mass.sum()
        return self._known[example, before]

    def follow(self, example, tokens):
        """Returns the log-likelihood and the attention weights of one sequence."""
        steps = [self.log_probs(example, tuple(tokens[:step])) for step in range(len(tokens))]
        total = sum(logs[token] for (logs, _), token in zip(steps, tokens, strict=True))
        return total, np.array([weights for _, weights in steps])


def scored(
    chain, example, tokens, length_penalty=0.0, coverage_penalty=0.0, memory_mask=None
):  # fmt: skip
    """Returns `s(Y, X)` of Wu et al. 2016, section 7."""
    total, looks = chain.follow(example, tokens)
    covered = 0.0
    for value in range(VALUES):
        if memory_mask is None or memory_mask[example, value]:
            covered += np.log(min(sum(look[value] for look in looks), 1.0))
    penalty = (5 + len(tokens)) ** length_penalty / (5 + 1) ** length_penalty
    return total / penalty + coverage_penalty * covered


def is_allowed(tokens, min_length=0, suppress_tokens=(), no_repeat_ngram_size=0):
    """Returns True for a sequence or prefix that the constraints allow."""
    size = no_repeat_ngram_size
    pieces = [tuple(tokens[first : first + size]) for first in range(len(tokens) - size + 1)]
    return (
        not (END in tokens and len(tokens) < min_length)
        and not set(tokens) & set(suppress_tokens)
        and (size == 0 or len(set(pieces)) == len(pieces))
    )


def enumerated(chain, example, max_length, num_hypotheses=1, penalties=(), constraints=()):
    """Returns the best of all sequences: those that end, then those cut off at `max_length`."""
    penalties, constraints = dict(penalties), dict(constraints)
    words = [token for token in range(VOCABULARY) if token != END]
    ended = [
        (*body, END)
        for length in range(max_length)
        for body in itertools.product(words, repeat=length)
    ]
    found = []
    for group in (ended, list(itertools.product(words, repeat=max_length))):
        group = [tokens for tokens in group if is_allowed(tokens, **constraints)]
        group.sort(key=lambda tokens: -scored(chain, example, tokens, **penalties))
        found += group
    return found[:num_hypotheses]


def listed(
    chain, example, max_length, num_beams, num_hypotheses=1, penalties=(), constraints=()
):  # fmt: skip
    """Returns the hypotheses of a beam search that never ends early, like `enumerated`."""
    penalties, constraints = dict(penalties), dict(constraints)
    live, ended = [()], []
    for _ in range(max_length):
        grown = [(*tokens, token) for tokens in live for token in range(VOCABULARY)]
        grown = [tokens for tokens in grown if is_allowed(tokens, **constraints)]
        grown.sort(key=lambda tokens: -chain.follow(example, tokens)[0])
        ended += [tokens for tokens in grown[:num_beams] if tokens[-1] == END]
        live = [tokens for tokens in grown if tokens[-1] != END][:num_beams]
    for group in (ended, live):
        group.sort(key=lambda tokens: -scored(chain, example, tokens, **penalties))
    return [*ended, *live][:num_hypotheses]


def fixed(logits):
    """Returns a step function with logits `(vocabulary, vocabulary)` by last token, or for all."""
    table = np.array(logits, "float32")
    table = np.broadcast_to(table, (table.shape[-1], table.shape[-1])).copy()

    def step(tokens, state, constants):
        step.calls += 1
        return ops.take(ops.convert_to_tensor(table), tokens, axis=0), state

    step.calls = 0
    return step


def search(chain, max_length=3, **options):
    options = {"constants": chain.seed, "num_beams": 60, "pad_id": 9, **options}
    found = beam_search(chain, chain.start(), 0, END, max_length, **options)
    return [to_numpy(part) for part in found]


def run(search, logits, max_length, **options):
    found = search(fixed(logits), np.zeros((1, 1), "float32"), 0, END, max_length, **options)
    return [to_numpy(part)[0] for part in found[:3]]
