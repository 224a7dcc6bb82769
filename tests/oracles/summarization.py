"""Attention-based summarization as loops over NumPy arrays; arguments as in `translation`."""

import numpy as np

from tests.oracles.alignment import softmax
from tests.oracles.translation import additive_score, within

BAG_OF_WORDS = {
    "F": "source_embedding/embeddings",
    "E": "context_embedding/embeddings",
    **within("hidden", {"U": "kernel", "b_U": "bias"}),
    **within("logits", {"VW": "kernel", "b": "bias"}),
}
SUMMARIZER = {
    **BAG_OF_WORDS,
    "G": "query_embedding/embeddings",
    "P": "alignment/query_projection/kernel",
}


def summarizer(
    p, source, target, noise, context_size=5, smoothing=2, dropout=0.0, attention_dropout=0.0
):
    """Rush et al., 2015; without `G`, their bag-of-words encoder.

    `h = tanh(U ỹ_c)` of the last `C` words, `enc = Σ_i p_i x̄_i`, `p ∝ exp(x̃ P ỹ'_c)`, `x̄_i` the
    mean of `x̃_{i-Q} ... x̃_{i+Q}`, of those that there are; `logits = V h + W enc`. Before the
    first word stand start tokens. In training the words of the source, `h` and `p` are dropped.
    """
    x = noise.dropped(p["F"][source], dropout)
    starts = np.repeat(target[:, :1], context_size - 1, axis=1)
    before = np.concatenate([starts, target], axis=1)
    contexts = [before[:, step : step + context_size] for step in range(target.shape[1])]
    contexts = np.stack(contexts, axis=1)
    flat = p["E"][contexts].reshape(*target.shape, -1)
    h = noise.dropped(np.tanh(flat @ p["U"] + p["b_U"]), dropout)
    enc, alpha = np.zeros((*target.shape, x.shape[-1])), np.zeros((*target.shape, x.shape[1]))
    if "G" in p:
        kept = noise.dropped(np.ones(alpha.shape), attention_dropout, "alignment")
        score = additive_score(p) if "v_a" in p else lambda query, key, _: query @ p["P"] @ key
    for row, words in enumerate(source):
        places = np.flatnonzero(words)
        smooth = np.zeros(x[row].shape)
        for i in places:
            window = [j for j in places if abs(i - j) <= smoothing]
            smooth[i] = sum(x[row, j] for j in window) / len(window)
        for step in range(target.shape[1]):
            if "G" not in p:
                enc[row, step] = sum(x[row, j] for j in places) / len(places)
                continue
            query = np.concatenate([p["G"][word] for word in contexts[row, step]])
            energy = [score(query, key, place) for place, key in enumerate(x[row])]
            alpha[row, step] = softmax(energy, places)
            enc[row, step] = (alpha[row, step] * kept[row, step]) @ smooth
    logits = np.concatenate([h, enc], axis=-1) @ p["VW"] + p["b"]
    return logits, alpha if "G" in p else None, 0.0
