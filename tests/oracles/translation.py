"""Models of translation as loops over NumPy arrays, from the equations of their papers."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(inputs, state, kernel, recurrent, bias):
    """One step of the GRU of Cho et al., whose reset gate stands before the product.

    Keras keeps the update gate z first and mixes as `z h + (1 - z) h̃`; the paper's z is 1 less.
    """
    z, r, new = np.split(inputs @ kernel + bias, 3, axis=-1)
    u_z, u_r, u_new = np.split(recurrent, 3, axis=-1)
    z, r = sigmoid(z + state @ u_z), sigmoid(r + state @ u_r)
    candidate = np.tanh(new + (r * state) @ u_new)
    return z * state + (1 - z) * candidate


def rnn_search(weights, source, target):
    """Logits and alignments of one pair of sequences without padding."""
    embedded = weights["source_embedding/embeddings"][source]
    sides = {}
    for side, order in (("forward", range(len(source))), ("backward", range(len(source))[::-1])):
        cell = [
            weights[f"encoder/{side}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")
        ]
        state, states = np.zeros(len(cell[1])), {}
        for step in order:
            states[step] = state = gru(embedded[step], state, *cell)
        sides[side] = np.stack([states[step] for step in range(len(source))])
    annotations = np.concatenate([sides["forward"], sides["backward"]], axis=-1)
    state = np.tanh(
        sides["backward"][0] @ weights["first_state/kernel"] + weights["first_state/bias"]
    )
    cell = [weights[f"decoder/cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
    keys = annotations @ weights["decoder/alignment/key_projection/kernel"]
    logits, alignments = [], []
    for word in target:
        energy = [
            weights["decoder/alignment/scale"]
            @ np.tanh(state @ weights["decoder/alignment/query_projection/kernel"] + key)
            for key in keys
        ]
        alpha = np.exp(energy) / np.sum(np.exp(energy))
        context = sum(share * each for share, each in zip(alpha, annotations, strict=True))
        y = weights["target_embedding/embeddings"][word]
        state = gru(np.concatenate([y, context]), state, *cell)
        both = (
            np.concatenate([state, y, context]) @ weights["maxout/both/kernel"]
            + weights["maxout/both/bias"]
        )
        t = [max(pair) for pair in zip(*np.split(both, 2), strict=True)]
        logits.append(t @ weights["logits/kernel"] + weights["logits/bias"])
        alignments.append(alpha)
    return np.stack(logits), np.stack(alignments)


def lstm(inputs, hidden, carry, kernel, recurrent, bias):
    """One step; Keras keeps input gate, forget gate, new and output gate in this order."""
    enter, forget, new, leave = np.split(inputs @ kernel + hidden @ recurrent + bias, 4)
    carry = sigmoid(forget) * carry + sigmoid(enter) * np.tanh(new)
    return sigmoid(leave) * np.tanh(carry), carry


def encoder_decoder(p, source, target):
    """Cho et al., 2014: all of a source is in one vector. Padding, 0, is not read.

    `c = h_T`, `s_0 = tanh(V c)`, `s_t = GRU([y_{t-1}, c], s_{t-1})`, `logits = G maxout(O [s_t,
    y_{t-1}, c])`
    """
    logits = []
    for words, before in zip(source, target, strict=True):
        c = np.zeros(len(p["U_enc"]))
        for word in words[words != 0]:
            c = gru(p["E_x"][word], c, p["W_enc"], p["U_enc"], p["b_enc"])
        s = np.tanh(c @ p["V"] + p["b_V"])
        rows = []
        for word in before:
            y = p["E_y"][word]
            s = gru(np.concatenate([y, c]), s, p["W_dec"], p["U_dec"], p["b_dec"])
            t = maxout(np.concatenate([s, y, c]) @ p["O"] + p["b_O"])
            rows.append(t @ p["G"] + p["b_G"])
        logits.append(rows)
    return {"outputs": [np.array(logits)]}


def maxout(both):
    """The larger of two halves, element by element."""
    return np.maximum(*np.split(both, 2))


def luong(weights, source, target, layers):
    """Logits and alignments of stacked LSTMs that read the source from its end and feed `h̃` back,
    with the bilinear score."""

    def cell(name):
        return [weights[f"{name}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]

    seen, states = weights["source_embedding/embeddings"][source], []
    for layer in range(layers):
        part = cell(f"encoder_{layer}/lstm_cell")
        hidden = carry = np.zeros(len(part[1]))
        found = {}
        for place in range(len(source))[::-1]:
            hidden, carry = lstm(seen[place], hidden, carry, *part)
            found[place] = hidden
        seen = np.stack([found[place] for place in range(len(source))])
        states.append((hidden, carry))
    fed, logits, alignments = np.zeros(len(states[0][0])), [], []
    for word in target:
        inputs = np.concatenate([weights["target_embedding/embeddings"][word], fed])
        for layer in range(layers):
            states[layer] = lstm(inputs, *states[layer], *cell(f"decoder/cell_{layer}"))
            inputs = states[layer][0]
        energy = seen @ (inputs @ weights["decoder/score/query_projection/kernel"])
        share = np.exp(energy) / np.sum(np.exp(energy))
        fed = np.tanh(
            np.concatenate([share @ seen, inputs]) @ weights["decoder/attentional/kernel"]
        )
        logits.append(fed @ weights["logits/kernel"])
        alignments.append(share)
    return np.stack(logits), np.stack(alignments)


def summarizer(weights, source, target, context_size, smoothing):
    """Logits and alignments of attention-based summarization, word by word."""
    words = weights["source_embedding/embeddings"][source]
    smooth = np.stack(
        [
            words[max(place - smoothing, 0) : place + smoothing + 1].mean(axis=0)
            for place in range(len(words))
        ]
    )
    before, logits, alignments = [target[0]] * (context_size - 1), [], []
    for step in range(len(target)):
        context = [*before, *target][step : step + context_size]
        embedded = weights["context_embedding/embeddings"][context].reshape(-1)
        hidden = np.tanh(embedded @ weights["hidden/kernel"] + weights["hidden/bias"])
        query = weights["query_embedding/embeddings"][context].reshape(-1)
        energy = words @ (query @ weights["alignment/query_projection/kernel"])
        share = np.exp(energy) / np.sum(np.exp(energy))
        seen = np.concatenate([hidden, share @ smooth])
        logits.append(seen @ weights["logits/kernel"] + weights["logits/bias"])
        alignments.append(share)
    return np.stack(logits), np.stack(alignments)
