"""Stacked LSTMs of Luong et al. as loops over NumPy arrays; arguments as in `translation`."""

import numpy as np

from tests.oracles.alignment import softmax
from tests.oracles.recurrent import cell, cell_paths, lstm, sigmoid
from tests.oracles.translation import EMBEDDINGS, OwnWords, additive_score, coverage_loss

# Symbols of the scores, after the path of the attention layer.
SCORES = {
    "dot": {},
    "scaled_dot": {},
    "general": {"W_a": "query_projection/kernel"},
    "concat": {
        "W_at": "query_projection/kernel",
        "W_ah": "key_projection/kernel",
        "v_a": "scale",
    },
}
PREDICTIVE = {"W_p": "position_projection/kernel", "v_p": "position_scale/kernel"}
ATTENTIONAL = {"W_c": "decoder/attentional/kernel"}


def luong_symbols(num_layers):
    """Symbols of the model without attention."""
    paths = {**EMBEDDINGS, "W_s": "logits/kernel"}
    for layer in range(num_layers):
        paths |= cell_paths(f"enc{layer}", f"encoder_{layer}/lstm_cell")
        paths |= cell_paths(f"dec{layer}", f"decoder/*cell_{layer}")
    return paths


def luong(
    p,
    source,
    target,
    noise,
    num_layers=2,
    score="general",
    window=None,
    radius=10,
    input_feeding=True,
    reverse_source=True,
    dropout=0.2,
    loss_weight=0.0,
):
    """Luong et al., 2015, and without a score its base system.

    `h_t = LSTMs([y_{t-1}, h̃_{t-1}])`, `c_t = Σ_s a_t(s) h̄_s`, `h̃_t = tanh(W_c [c_t, h_t])`,
    `logits = W_s h̃_t`. The decoder starts with the states in which the encoder ends. In training
    the inputs of all LSTMs are dropped, those of the decoder alike at all steps, and `h̃_t`.

    Args:
        loss_weight: Of the coverage loss. With it, steps of padding are masked: all of them is 0.
    """
    memory, states = encoded(p, source, noise, num_layers, reverse_source, dropout)
    given, units = p["E_y"][target], memory.shape[-1]
    feeds = input_feeding and score is not None
    width = given.shape[-1] + units * feeds
    masks = [np.ones((len(source), size)) for size in (width, *[units] * (num_layers - 1))]
    if noise.training and dropout:
        masks = [noise.take(f"decoder/*cell_{n}", each.shape) for n, each in enumerate(masks)]
    own = OwnWords(p, target.shape, noise)
    outputs, a = np.zeros((*target.shape, units)), np.zeros((*target.shape, source.shape[1]))
    for row in range(len(source)):
        places, logits = np.flatnonzero(source[row]), None
        for t in range(target.shape[1]):
            if loss_weight and target[row, t] == 0:
                continue
            x = own.word(row, t, given[row, t], logits)
            if feeds:
                x = np.concatenate([x, outputs[row, t - 1] if t else np.zeros(units)])
            for layer in range(num_layers):
                before, gates = states[row][layer], cell(p, f"dec{layer}")
                states[row][layer] = lstm(x * masks[layer][row], *before, *gates)
                x, _ = states[row][layer]
            if score is not None:
                compare = scores(p, score, a[row, :t])
                a[row, t] = weights(p, compare, x, memory[row], places, t, window, radius)
                x = np.tanh(np.concatenate([a[row, t] @ memory[row], x]) @ p["W_c"])
            outputs[row, t] = x
            logits = x @ p["W_s"]
    added = loss_weight * coverage_loss(a, target != 0)
    logits = noise.dropped(outputs, dropout) @ p["W_s"]
    return logits, None if score is None else a, added


def encoded(p, source, noise, num_layers, reverse_source, dropout):
    """Returns the outputs of the last LSTM, in the order of the source, and all last states."""
    seen, states = p["E_x"][source], [[] for _ in source]
    for layer in range(num_layers):
        gates = cell(p, f"enc{layer}")
        seen = noise.dropped(seen, dropout)
        found = np.zeros((*source.shape, len(gates[1])))
        for row, words in enumerate(source):
            hidden = carry = np.zeros(len(gates[1]))
            places = np.flatnonzero(words)
            for place in reversed(places) if reverse_source else places:
                hidden, carry = lstm(seen[row, place], hidden, carry, *gates)
                found[row, place] = hidden
            states[row].append((hidden, carry))
        seen = found
    return seen, states


def scores(p, score, before):
    """Function of a query, a key and its place, by section 3.1.

    Args:
        score: Name, of which `"additive"` is no score of this paper.
        before: Weights of all steps before, `(steps, places)`.
    """
    if score == "additive":
        return additive_score(p, before)
    return {
        "dot": lambda query, key, _: query @ key,
        "scaled_dot": lambda query, key, _: query @ key / np.sqrt(len(key)),
        "general": lambda query, key, _: query @ p["W_a"] @ key,
        "concat": lambda query, key, _: (
            p["v_a"]
            @ np.tanh(np.concatenate([query, key]) @ np.concatenate([p["W_at"], p["W_ah"]]))
        ),
    }[score]


def weights(p, compare, query, memory, places, step, window, radius):
    """Weights of a step over all places, by section 3.2.

    local-m: `p_t = t`; local-p: `p_t = S σ(v_pᵀ tanh(W_p h_t))`, with `S` the length of the source,
    and weights times `exp(-(s - p_t)² / 2σ²)`, `σ = D / 2`.
    """
    energy = [compare(query, key, place) for place, key in enumerate(memory)]
    if window is None:
        return softmax(energy, places)
    centre = step
    if window == "predictive":
        centre = len(places) * sigmoid((np.tanh(query @ p["W_p"]) @ p["v_p"])[0])
    found = softmax(energy, [place for place in places if abs(place - centre) <= radius])
    if window == "predictive":
        for place in places:
            found[place] *= np.exp(-((place - centre) ** 2) / (2 * (radius / 2) ** 2))
    return found
