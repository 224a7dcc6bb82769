"""A Neural Turing Machine as loops over examples, steps, heads and locations, in float64."""

import math

import numpy as np

from tests.oracles.recurrent import cell, cell_paths, gru, lstm, sigmoid

# Added to squared norms, so that the cosine of a zero vector is defined.
EPSILON = 1e-8
# Symbols of cells with a memory; only a Neural Turing Machine has first weights.
HEADS = {"W_heads": "heads/kernel", "b_heads": "heads/bias", "M_0": "first_memory"}
FIRST_WEIGHTS = {"w_0": "first_weights"}
RECURRENT = cell_paths("c", "controller/cell")


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)


def softmax(scores):
    mass = np.exp(np.asarray(scores, "float64") - np.max(scores, axis=-1, keepdims=True))
    return mass / mass.sum(axis=-1, keepdims=True)


def by_symbol(weights):
    """Returns the weights of a cell, a dictionary by their paths, by symbol."""
    paths = {**HEADS, **FIRST_WEIGHTS, **RECURRENT}
    return {
        symbol: weights[path].astype("float64") for symbol, path in paths.items() if path in weights
    }


class Controller:
    """The network `h_t = controller([x_t, r_{t-1}])` of one sequence, with states of its own."""

    def __init__(self, p, kind):
        self.p, self.kind = p, kind
        self.hidden = self.carry = np.zeros(len(p["W_heads"]))

    def numbers(self, inputs, clip):
        """Returns the parameters of the heads at a step, before activations."""
        p = self.p
        if self.kind == "lstm":
            self.hidden, self.carry = lstm(inputs, self.hidden, self.carry, *cell(p, "c"))
        elif self.kind == "gru":
            self.hidden = gru(inputs, self.hidden, *cell(p, "c"), reset_after=True)
        else:
            self.hidden = np.tanh(inputs @ p["W_c"] + p["b_c"])
        numbers = self.hidden @ p["W_heads"] + p["b_heads"]
        return numbers if clip is None else np.clip(numbers, -clip, clip)


def split(numbers, parts):
    """Splits the numbers of all heads into parts, one after the other in the order of `parts`.

    Args:
        numbers: Array `(numbers,)`.
        parts: Dictionary, name → number of heads and of numbers for each, which is `None` for one
            without an axis.
    """
    found = {}
    for name, (heads, width) in parts.items():
        count = heads * (width or 1)
        found[name], numbers = numbers[:count], numbers[count:]
        if width:
            found[name] = found[name].reshape(heads, width)
    assert not len(numbers)
    return found


def stacked(steps):
    """Returns lists over examples of lists over steps of dictionaries as one of arrays."""
    return {
        name: np.array([[step[name] for step in sequence] for sequence in steps])
        for name in steps[0][0]
    }


def cosine(key, row):
    return key @ row / math.sqrt((key @ key + EPSILON) * (row @ row + EPSILON))


def shifted(weights, shift):
    """`w̃(i) = Σ_j w(j) s(i - j)`; the numbers of `s` are those of the shifts `-n ... n`."""
    moved = np.zeros(len(weights))
    for start in range(len(weights)):
        for step, chance in enumerate(shift):
            moved[(start + step - len(shift) // 2) % len(weights)] += weights[start] * chance
    return moved


def address(given, head, memory, before):
    """Returns the weights of a head by the steps for which there are parameters.

    Args:
        given: Dictionary, name → parameters of all heads: "key" and "strength" for content, "gate"
            for interpolation, "shift" and "sharpening" for location.
        head: Number of the head.
        memory, before: Memory, and weights of the step before.
    """
    weights = before
    if "key" in given:
        key, strength = given["key"][head], given["strength"][head]
        weights = softmax([strength * cosine(key, row) for row in memory])
        if "gate" in given:
            gate = given["gate"][head]
            weights = gate * weights + (1.0 - gate) * before
    if "shift" in given:
        sharp = shifted(weights, given["shift"][head]) ** given["sharpening"][head]
        weights = sharp / sharp.sum()
    return weights


def machine(paths):
    """Returns paths of a cell as those within a `NeuralTuringMachine`, with its read-out."""
    return {
        **{symbol: f"machine/ntm_cell*/{path}" for symbol, path in paths.items()},
        "W": "logits/kernel",
        "b": "logits/bias",
    }


def answers(p, sequences, **options):
    """`y_t = W [h_t, r_t] + b` of a Neural Turing Machine with some options, and its trace."""
    trace = neural_turing_machine(p, sequences, **options)
    trace["logits"] = trace["output"] @ p["W"] + p["b"]
    return {"outputs": [trace["logits"]], "trace": [trace[name] for name in sorted(trace)]}


def neural_turing_machine(
    p,
    inputs,
    num_read_heads=1,
    num_write_heads=1,
    shift_range=1,
    controller="lstm",
    addressing="content_and_location",
    clip=20.0,
):
    """Graves et al., 2014.

    Args:
        p: Dictionary of parameters by symbol.
        inputs: Array of shape `(batch, steps, features)`.

    Returns:
        Dictionary of arrays `(batch, steps, ...)`: "output", `[h_t, r_t]`, and all that `trace` of
        the layer returns.
    """
    first, steps = p["M_0"], 2 * shift_range + 1
    heads, width = num_read_heads + num_write_heads, first.shape[1]
    content = {"key": (heads, width), "strength": (heads, None)}
    location = {"shift": (heads, steps), "sharpening": (heads, None)}
    parts = {
        "content_and_location": {**content, "gate": (heads, None), **location},
        "content": content,
        "location": location,
    }[addressing]
    parts |= {"erase": (num_write_heads, width), "add": (num_write_heads, width)}
    activations = {
        "key": np.tanh,
        "strength": softplus,
        "gate": sigmoid,
        "shift": softmax,
        "sharpening": lambda numbers: 1.0 + softplus(numbers),
        "erase": sigmoid,
        "add": np.tanh,
    }
    found = []
    for sequence in inputs:
        network, memory, looks = Controller(p, controller), first, softmax(p["w_0"])
        reads, trace = looks[:num_read_heads] @ memory, []
        for x in sequence:
            numbers = network.numbers(np.concatenate([x, *reads]), clip)
            given = {name: activations[name](each) for name, each in split(numbers, parts).items()}
            looks = np.array([address(given, head, memory, w) for head, w in enumerate(looks)])
            reads, writes = looks[:num_read_heads] @ memory, looks[num_read_heads:]
            after = memory.copy()
            for i in range(len(memory)):
                for look, erase in zip(writes, given["erase"], strict=True):
                    after[i] *= 1.0 - look[i] * erase
                for look, add in zip(writes, given["add"], strict=True):
                    after[i] += look[i] * add
            memory = after
            output = np.concatenate([network.hidden, *reads])
            trace.append(
                {
                    **given,
                    "output": output,
                    "memory": memory,
                    "reads": reads,
                    "read_weights": looks[:num_read_heads],
                    "write_weights": writes,
                }
            )
        found.append(trace)
    return stacked(found)
