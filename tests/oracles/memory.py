"""A Neural Turing Machine as loops over examples, steps, heads and locations, in float64."""

import math

import numpy as np

# Added to squared norms, so that the cosine of a zero vector is defined.
EPSILON = 1e-8
CONTENT, LOCATION = ("key", "strength"), ("shift", "sharpening")
# Parameters of a head by the addressing, in the order of the projection.
PARTS = {
    "content_and_location": (*CONTENT, "gate", *LOCATION),
    "content": CONTENT,
    "location": LOCATION,
}


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)


def softmax(scores):
    mass = np.exp(np.asarray(scores, "float64") - np.max(scores))
    return mass / mass.sum()


ACTIVATIONS = {
    "key": np.tanh,
    "strength": softplus,
    "gate": sigmoid,
    "shift": softmax,
    "sharpening": lambda x: 1.0 + softplus(x),
    "erase": sigmoid,
    "add": np.tanh,
}


def lstm(weights, x, hidden, cell, part="controller/cell"):
    """One step of Keras's LSTM."""
    sums = x @ weights[f"{part}/kernel"] + hidden @ weights[f"{part}/recurrent_kernel"]
    enter, forget, new, leave = np.split(sums + weights[f"{part}/bias"], 4)
    cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
    return sigmoid(leave) * np.tanh(cell), cell


def gru(weights, x, hidden, part="controller/cell"):
    """One step of Keras's GRU, whose reset gate stands behind the product."""
    biases = weights[f"{part}/bias"]
    update, reset, new = np.split(x @ weights[f"{part}/kernel"] + biases[0], 3)
    inner = np.split(hidden @ weights[f"{part}/recurrent_kernel"] + biases[1], 3)
    update, reset = sigmoid(update + inner[0]), sigmoid(reset + inner[1])
    return update * hidden + (1.0 - update) * np.tanh(new + reset * inner[2])


def control(weights, kind, x, state):
    """One step of a controller by its name.

    Args:
        weights: by their paths.
        kind: `"lstm"`, `"gru"` or `"feedforward"`.
        x: `(features,)`.
        state: output and cell of the step before, `(units,)` each.
    """
    hidden, cell = state
    if kind == "lstm":
        return lstm(weights, x, hidden, cell)
    if kind == "gru":
        return gru(weights, x, hidden), cell
    part = "controller/cell"
    return np.tanh(x @ weights[f"{part}/kernel"] + weights[f"{part}/bias"]), cell


def address(told, memory, before):
    """Computes the address of one head.

    Args:
        told: Dictionary of the parameters of the head, those of `PARTS` that its addressing has.
        memory: `(locations, width)`.
        before: Weights of the step before, `(locations,)`.
    """
    looks = before
    if "key" in told:
        key, cosines = told["key"], []
        for row in memory:
            lengths = (key @ key + EPSILON) * (row @ row + EPSILON)
            cosines.append(key @ row / math.sqrt(lengths))
        looks = softmax(told["strength"] * np.array(cosines))
    if "gate" in told:
        looks = told["gate"] * looks + (1.0 - told["gate"]) * before
    if "shift" in told:
        locations, steps = len(memory), len(told["shift"])
        moved = np.zeros(locations)
        for start in range(locations):
            for step in range(steps):
                moved[(start + step - steps // 2) % locations] += looks[start] * told["shift"][step]
        looks = moved ** told["sharpening"]
    return looks / looks.sum()


def neural_turing_machine(
    weights,
    inputs,
    num_read_heads,
    num_write_heads,
    shift_range=1,
    addressing="content_and_location",
    controller="lstm",
    clip=20.0,
):
    """The outputs of a machine, `(batch, steps, units + num_read_heads * width)`.

    Args:
        weights: by their paths.
        inputs: `(batch, steps, features)`.
        num_read_heads, num_write_heads, shift_range, addressing, controller, clip: those of the
            cell; `clip=np.inf` for none.
    """
    heads = num_read_heads + num_write_heads
    first = weights["first_memory"].astype("float64")
    width = first.shape[1]
    sizes = {"key": width, "shift": 2 * shift_range + 1}
    outputs = []
    for sequence in inputs:
        memory = first.copy()
        looks = [softmax(each) for each in weights["first_weights"]]
        reads = [looks[head] @ memory for head in range(num_read_heads)]
        units = weights["heads/kernel"].shape[0]
        state, found = (np.zeros(units), np.zeros(units)), []
        for x in sequence:
            state = control(weights, controller, np.concatenate([x, *reads]), state)
            hidden = state[0]
            numbers = hidden @ weights["heads/kernel"] + weights["heads/bias"]
            numbers = np.clip(numbers, -clip, clip)
            # The projection has the numbers of one kind of all heads side by side.
            told = [{} for _ in range(heads)]
            for name in PARTS[addressing]:
                for head in range(heads):
                    size = sizes.get(name, 1)
                    part, numbers = numbers[:size], numbers[size:]
                    told[head][name] = ACTIVATIONS[name](part if name in sizes else part[0])
            erase, add = numbers.reshape(2, num_write_heads, width)
            erase, add = ACTIVATIONS["erase"](erase), ACTIVATIONS["add"](add)
            looks = [address(each, memory, look) for each, look in zip(told, looks, strict=True)]
            reads = [looks[head] @ memory for head in range(num_read_heads)]
            after = memory.copy()
            for i in range(len(memory)):
                for head in range(num_write_heads):
                    after[i] *= 1.0 - looks[num_read_heads + head][i] * erase[head]
                for head in range(num_write_heads):
                    after[i] += looks[num_read_heads + head][i] * add[head]
            memory = after
            found.append(np.concatenate([hidden, *reads]))
        outputs.append(found)
    return np.array(outputs)
