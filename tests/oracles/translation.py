"""RNNsearch and the encoder-decoder as loops over NumPy arrays, from the equations of their papers.

A model is a function `(p, source, target, noise, **options)` of its parameters by symbol, the
tokens of both sides, in which 0 is padding that is not read, and the `Noise` of a training pass. It
returns the logits `(batch, target_steps, words)`, the attention weights `(batch, target_steps,
source_steps)` or `None`, and the loss that it adds.
"""

import functools

import numpy as np

from tests.conformance.oracle import Oracle
from tests.oracles.alignment import softmax
from tests.oracles.caption_losses import crossentropy
from tests.oracles.noise import Noise
from tests.oracles.recurrent import cell, cell_paths, gru

EMBEDDINGS = {"E_x": "source_embedding/embeddings", "E_y": "target_embedding/embeddings"}
READ_OUT = {"O": "maxout/both/kernel", "b_O": "maxout/both/bias"}
# Additive scores, after the path of the attention layer; the second ones are options.
ADDITIVE = {"W_a": "query_projection/kernel", "U_a": "key_projection/kernel", "v_a": "scale"}
BIASED = {"b_a": "query_projection/bias"}
COVERED = {"w_c": "coverage_scale"}
NORMALIZED = {"g_a": "gain"}
# The probability of scheduled sampling.
SAMPLED = {"ε": "decoder/sampling_probability"}


def within(path, symbols):
    """Returns the symbols with their paths inside of a layer."""
    return {symbol: f"{path}/{name}" for symbol, name in symbols.items()}


def oracle(symbols, model, training=True, gain=2.0, **options):
    """Returns the `Oracle` of a model, with the options that change its equations.

    Args:
        training: False for a case that neither drops nor adds a loss in training.
        gain: See `Oracle`. With 1 the attention weights hardly depend on the parameters.
    """
    model = functools.partial(model, **options)

    def forward(p, source, target):
        logits, weights, _ = model(p, source, target, Noise())
        if weights is None:
            return {"outputs": [logits]}
        pairs = zip(weights, (target != 0).sum(axis=1), (source != 0).sum(axis=1), strict=True)
        return {"outputs": [logits], "align": [each[:rows, :width] for each, rows, width in pairs]}

    def trained(p, draws, targets, source, target):
        noise = Noise(draws)
        logits, _, added = model(p, source, target, noise)
        noise.assert_all_taken()
        return {"outputs": [logits], "loss": crossentropy(logits, targets) + added}

    calls = {"align": align}
    return Oracle(symbols, forward, trained if training else None, calls=calls, gain=gain)


def align(model, inputs):
    return [alignment.weights for alignment in model.align(inputs["source"], inputs["target"])]


def maxout(both):
    """The larger of two halves, element by element."""
    return np.maximum(*np.split(both, 2))


def read(words, gates, places, reset_after):
    """A GRU over words `(steps, width)` at some places, in their order.

    Returns:
        The last state, and the states `(steps, units)`, zeros at other places.
    """
    state, states = np.zeros(len(gates[1])), np.zeros((len(words), len(gates[1])))
    for place in places:
        states[place] = state = gru(words[place], state, *gates, reset_after)
    return state, states


class OwnWords:
    """Scheduled sampling: words of the model in the place of those of the target.

    A step reads with probability `ε`, a parameter of models that sample, the word that the step
    before it has drawn from the softmax of its logits.
    """

    def __init__(self, p, shape, noise):
        self.embeddings = p["E_y"]
        self.taken = np.zeros(shape, bool)
        if noise.training and "ε" in p:
            coins, self.chances = noise.take("decoder", (2, *shape))
            self.taken = coins < p["ε"]
            self.taken[:, 0] = False

    def word(self, row, step, given, logits):
        """Returns the embedded word that a step reads.

        Args:
            given: Embedded word of the target.
            logits: Those of the step before, without dropout of the read-out.
        """
        if not self.taken[row, step]:
            return given
        mass = np.cumsum(softmax(logits))
        return self.embeddings[np.searchsorted(mass, self.chances[row, step - 1], side="right")]


def additive_score(p, before=()):
    """Function of a state `s`, an annotation `h` and its place `j`: `v_aᵀ tanh(W_a s + U_a h)`.

    By what the parameters hold there is a bias `b_a` in the sum; `g_a v_a / |v_a|` for `v_a`; and
    `w_c c_j`, with the coverage `c` of See et al., 2017, the sum of all weights before.

    Args:
        before: Those weights, `(steps, places)`.
    """
    v, coverage = p["v_a"], np.sum(before, axis=0)
    if "g_a" in p:
        v = p["g_a"] * v / np.sqrt(np.sum(v**2))

    def score(s, h, j):
        total = s @ p["W_a"] + h @ p["U_a"] + p.get("b_a", 0.0)
        return v @ np.tanh(total + coverage[j] * p["w_c"] if "w_c" in p else total)

    return score


def coverage_loss(alpha, counted):
    """See et al., 2017, equation 12: `Σ_j min(α_j^t, c_j^t)`, `c^t = Σ_{t' < t} α^t'`.

    Returns:
        Mean over the steps that count, then over the examples.
    """
    found = []
    for looked, counts in zip(alpha, counted, strict=True):
        losses = [
            np.minimum(looked[t], looked[:t].sum(axis=0)).sum() for t in np.flatnonzero(counts)
        ]
        found.append(np.mean(losses))
    return np.mean(found)


ENCODER_DECODER = {
    **EMBEDDINGS,
    **cell_paths("enc", "encoder/gru_cell"),
    **cell_paths("dec", "decoder/cell"),
    **within("first_state", {"V": "kernel", "b_V": "bias"}),
    **READ_OUT,
    **within("logits", {"G": "kernel", "b_G": "bias"}),
}
TWO_WAYS = {
    **cell_paths("forward", "encoder/forward_*/gru_cell"),
    **cell_paths("backward", "encoder/backward_*/gru_cell"),
}
BIDIRECTIONAL = {
    symbol: path for symbol, path in ENCODER_DECODER.items() if not symbol.endswith("_enc")
} | TWO_WAYS


def encoder_decoder(p, source, target, noise, bidirectional=False, reset_after=False, dropout=0.0):
    """Cho et al., 2014: all of a source is in one vector.

    `c = h_T`, `s_0 = tanh(V c)`, `s_t = GRU([y_{t-1}, c], s_{t-1})`, `logits = G maxout(O [s_t,
    y_{t-1}, c])`; of two directions `c = [→h_T, ←h_1]`. In training the words, `c` and the maxout
    are dropped.
    """
    x = noise.dropped(p["E_x"][source], dropout)
    y = noise.dropped(p["E_y"][target], dropout)
    c = []
    for words, embedded in zip(source, x, strict=True):
        places = np.flatnonzero(words)
        ways = {"forward": places, "backward": places[::-1]} if bidirectional else {"enc": places}
        c.append(
            np.concatenate(
                [read(embedded, cell(p, way), each, reset_after)[0] for way, each in ways.items()]
            )
        )
    c = noise.dropped(np.array(c), dropout)
    t = np.zeros((*target.shape, len(p["G"])))
    for row, summary in enumerate(c):
        s = np.tanh(summary @ p["V"] + p["b_V"])
        for step, word in enumerate(y[row]):
            s = gru(np.concatenate([word, summary]), s, *cell(p, "dec"), reset_after)
            t[row, step] = maxout(np.concatenate([s, word, summary]) @ p["O"] + p["b_O"])
    return noise.dropped(t, dropout) @ p["G"] + p["b_G"], None, 0.0


RNN_SEARCH = {
    **EMBEDDINGS,
    **TWO_WAYS,
    **cell_paths("dec", "decoder/cell"),
    **within("decoder/alignment", ADDITIVE),
    **within("first_state", {"W_s": "kernel", "b_s": "bias"}),
    **READ_OUT,
    **within("logits", {"W_o": "kernel", "b_o": "bias"}),
}


def rnn_search(
    p, source, target, noise, reset_after=False, dropout=0.0, attention_dropout=0.0, loss_weight=0.0
):
    """Bahdanau et al., 2015: RNNsearch.

    `h_j = [→h_j, ←h_j]`, `s_0 = tanh(W_s ←h_1)`, `e_ij = a(s_{i-1}, h_j)`, `c_i = Σ_j α_ij h_j`,
    `s_i = GRU([y_{i-1}, c_i], s_{i-1})`, `logits = W_o maxout(O [s_i, y_{i-1}, c_i])`. In training
    the words, the annotations, the attention weights and the maxout are dropped.

    Args:
        loss_weight: Of the coverage loss. With it, steps of padding are masked: `s`, `c` and the
            weights are 0 there.
    """
    x = noise.dropped(p["E_x"][source], dropout)
    given = noise.dropped(p["E_y"][target], dropout)
    units = len(p["U_dec"])
    h, first = np.zeros((*source.shape, 2 * units)), np.zeros((len(source), units))
    for row, words in enumerate(source):
        places = np.flatnonzero(words)
        _, h[row, :, :units] = read(x[row], cell(p, "forward"), places, reset_after)
        first[row], h[row, :, units:] = read(x[row], cell(p, "backward"), places[::-1], reset_after)
    h = noise.dropped(h, dropout)
    every = np.ones((*target.shape, source.shape[1]))
    kept = noise.dropped(every, attention_dropout, "decoder/alignment")
    own = OwnWords(p, target.shape, noise)
    alpha, t = np.zeros(kept.shape), np.zeros((*target.shape, len(p["W_o"])))
    for row in range(len(source)):
        s, logits = np.tanh(first[row] @ p["W_s"] + p["b_s"]), None
        for i in range(target.shape[1]):
            y = own.word(row, i, given[row, i], logits)
            if loss_weight and target[row, i] == 0:
                t[row, i] = maxout(np.pad(y, (units, 2 * units)) @ p["O"] + p["b_O"])
                continue
            score = additive_score(p, alpha[row, :i])
            energy = [score(s, annotation, j) for j, annotation in enumerate(h[row])]
            alpha[row, i] = softmax(energy, np.flatnonzero(source[row]))
            c = (alpha[row, i] * kept[row, i]) @ h[row]
            s = gru(np.concatenate([y, c]), s, *cell(p, "dec"), reset_after)
            t[row, i] = maxout(np.concatenate([s, y, c]) @ p["O"] + p["b_O"])
            logits = t[row, i] @ p["W_o"] + p["b_o"]
    added = loss_weight * coverage_loss(alpha, target != 0)
    return noise.dropped(t, dropout) @ p["W_o"] + p["b_o"], alpha, added
