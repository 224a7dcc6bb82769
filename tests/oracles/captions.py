"""Models that describe images as loops over captions, words and places, in float64.

Every model takes `features(p, images, training)`, the image encoder, see
`tests.oracles.image_encoder`. `draws` are random numbers by layer; without them nothing is drawn.
"""

import numpy as np

from tests.oracles.alignment import softmax
from tests.oracles.recurrent import lstm, sigmoid

LSTM = ("W", "U", "b")


class Dropout:
    """Drops what drew a number below the rate, and scales up the rest.

    Args:
        rate: Float, fraction to drop.
        numbers: List of arrays, the numbers of each call, or `None` outside of training.
    """

    def __init__(self, rate, numbers):
        self.rate, self.numbers = rate, None if numbers is None else list(numbers)

    def __call__(self, x):
        if self.numbers is None:
            return x
        return np.where(self.numbers.pop(0) < self.rate, 0, x / (1 - self.rate))


def show_and_tell(p, image, target, features, rate=0.5, draws=None):
    """Vinyals et al., 2015.

    `x_{-1} = W_i CNN(I)`, `x_t = W_e S_t`, `m_t, c_t = LSTM(x_t, m_{t-1}, c_{t-1})`,
    `logits = W_d m_t`
    """
    maps, moved = features(p, image, draws is not None)
    drop = Dropout(rate, draws and draws["drop"])
    words, states = drop(p["W_e"][target]), []
    for seen, sentence in zip(maps.mean((1, 2)), words, strict=True):
        m = c = np.zeros(len(p["U"]))
        m, c = lstm(seen @ p["W_i"] + p["b_i"], m, c, *(p[name] for name in LSTM))
        states.append([])
        for x in sentence:
            m, c = lstm(x, m, c, *(p[name] for name in LSTM))
            states[-1].append(m)
    return {"logits": drop(np.array(states)) @ p["W_d"] + p["b_d"], "weights": moved}


def show_attend_tell(p, image, target, features, choose, rate=0.5, draws=None):
    """Xu et al., 2015.

    `h_0 = tanh(f_h(ā))`, `c_0 = tanh(f_c(ā))`, `e_ti = vᵀ tanh(W_h h_{t-1} + W_a a_i + b)`,
    `α_t = softmax(e_t)`, `ẑ_t = β_t Σ_i s_ti a_i`, `β_t = σ(f_β(h_{t-1}))`,
    `h_t, c_t = LSTM([E y_{t-1}; ẑ_t], h_{t-1}, c_{t-1})`,
    `logits = L_o (E y_{t-1} + L_h h_t + L_z ẑ_t)`

    At padding, 0, all weights are 0 and the state does not change.

    Args:
        choose: Function `(α_t, draws) -> (s_t, log probability of the draw)`, `draws` the random
            numbers of this step or `None`.
    """
    maps, moved = features(p, image, draws is not None)
    drop = Dropout(rate, draws and draws["drop"])
    batch, steps = target.shape
    words = drop(p["E"][target])
    looks = np.zeros((batch, steps, maps[0, ..., 0].size))
    likelihood, entropy = np.zeros((batch, steps)), np.zeros((batch, 1))
    read = np.zeros(words.shape)
    for n in range(batch):
        places = maps[n].reshape(-1, maps.shape[-1])
        mean = sum(places) / len(places)
        h, c = (np.tanh(mean @ p[f"f_{name}"] + p[f"b_f{name}"]) for name in "hc")
        log_p = 0.0
        for t in range(steps):
            output, z = np.zeros(len(h)), np.zeros(maps.shape[-1])
            if target[n, t] != 0:
                scores = [np.tanh(h @ p["W_h"] + a @ p["W_a"] + p["b_a"]) @ p["v"] for a in places]
                alpha = softmax(scores)
                numbers = draws and [each[n, t] for each in draws.get("choice", ())]
                looks[n, t], log_s = choose(alpha, numbers)
                log_p += log_s
                entropy[n] -= sum(each * np.log(each) for each in alpha)
                z = sum(s * a for s, a in zip(looks[n, t], places, strict=True))
                if "f_β" in p:
                    z = sigmoid(h @ p["f_β"] + p["b_fβ"]) * z
                h, c = lstm(np.concatenate([words[n, t], z]), h, c, *(p[name] for name in LSTM))
                output = h
            likelihood[n, t] = log_p
            read[n, t] = words[n, t] + output @ p["L_h"] + p["b_h"] + z @ p["L_z"]
    return {
        "attention_weights": looks,
        "entropy": entropy,
        "log_probability": likelihood,
        "logits": drop(read) @ p["L_o"] + p["b_o"],
        "weights": moved,
    }


def soft(alpha, numbers):
    """The expectation of the location."""
    return alpha, 0.0


def drawn(expectation_rate, inference):
    """Returns a function that draws a location: the largest of `log α_i` plus Gumbel noise.

    Args:
        expectation_rate: Float, how often `α` stands for the draw.
        inference: String, "argmax" or "expectation": what is used outside of training.
    """

    def choose(alpha, numbers):
        if numbers is None:
            likeliest = np.eye(len(alpha))[np.argmax(alpha)]
            return {"argmax": likeliest, "expectation": alpha}[inference], 0.0
        uniform, (coin,) = numbers
        if coin < expectation_rate:
            return alpha, 0.0
        place = np.argmax(np.log(alpha) - np.log(-np.log(uniform.astype("float64"))))
        return np.eye(len(alpha))[place], np.log(alpha[place])

    return choose


def semantic_attention(p, image, target, features, attributes, count, rate=0.5, draws=None):
    """You et al., 2016.

    `x_0 = W_v v`, `α_t = softmax_i(y_{t-1}ᵀ Eᵀ U E y^i)`,
    `x_t = W_x (E y_{t-1} + w_x ⊙ Σ_i α_ti E y^i)`, `h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1})`,
    `β_t = softmax_i(h_tᵀ V tanh(E y^i))`,
    `logits = Eᵀ W_y (h_t + w_y ⊙ Σ_i β_ti tanh(E y^i))`

    At padding, 0, all weights are 0. The detector is never trained.

    Args:
        attributes: List of the tokens that the detector knows.
        count: Integer, number of attributes per image.
    """
    maps, _ = features(p, image)
    probability = attribute_probability(p, maps)
    drop = Dropout(rate, draws and draws["drop"])
    words = drop(p["E"][target])
    looks = {name: np.zeros((*target.shape, count)) for name in ("α", "β")}
    read = np.zeros(words.shape)
    for n in range(len(target)):
        found = sorted(range(len(attributes)), key=lambda i: -probability[n, i])[:count]
        y = p["E"][[attributes[i] for i in found]]
        h = c = np.zeros(len(p["U_c"]))
        cell = [p[f"{name}_c"] for name in LSTM]
        h, c = lstm(maps[n].mean((0, 1)) @ p["W_v"] + p["b_v"], h, c, *cell)
        for t, word in enumerate(words[n]):
            context = np.zeros(len(word))
            if target[n, t] != 0:
                looks["α"][n, t] = softmax([word @ p["U"] @ each for each in y])
                context = p["w_x"] * (looks["α"][n, t] @ y)
            h, c = lstm((word + context) @ p["W_x"] + p["b_x"], h, c, *cell)
            context = np.zeros(len(word))
            if target[n, t] != 0:
                looks["β"][n, t] = softmax([h @ p["V"] @ np.tanh(each) for each in y])
                context = p["w_y"] * (looks["β"][n, t] @ np.tanh(y))
            read[n, t] = h + context
    logits = (drop(read) @ p["W_y"] + p["b_y"]) @ p["E"].T
    return {"attention_weights": looks["β"], "input_weights": looks["α"], "logits": logits}


def attribute_probability(p, maps, drop=lambda x: x):
    """The probability of each attribute at the place where it is the highest."""
    scores = drop(maps) @ p["W_s"] + p["b_s"]
    return sigmoid(scores.reshape(len(maps), -1, scores.shape[-1]).max(axis=1))
