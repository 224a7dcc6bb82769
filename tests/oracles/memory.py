"""A Neural Turing Machine as loops over examples, steps, heads and locations, in float64."""

import math

import numpy as np

# Added to squared norms, so that the cosine of a zero vector is defined.
EPSILON = 1e-8


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)


def softmax(scores):
    mass = np.exp(np.asarray(scores, "float64") - np.max(scores))
    return mass / mass.sum()


def lstm(weights, x, hidden, cell, part="controller/cell"):
    """One step of Keras's LSTM."""
    sums = x @ weights[f"{part}/kernel"] + hidden @ weights[f"{part}/recurrent_kernel"]
    enter, forget, new, leave = np.split(sums + weights[f"{part}/bias"], 4)
    cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
    return sigmoid(leave) * np.tanh(cell), cell


def address(told, memory, before, steps):
    """Computes the address of one head from a row of key, strength, gate, shift and sharpening."""
    locations, width = memory.shape
    key, told = np.tanh(told[:width]), told[width:]
    strength, gate, told = softplus(told[0]), sigmoid(told[1]), told[2:]
    shift, sharpening = softmax(told[:steps]), 1.0 + softplus(told[steps])
    cosines = []
    for row in memory:
        lengths = (key @ key + EPSILON) * (row @ row + EPSILON)
        cosines.append(key @ row / math.sqrt(lengths))
    content = softmax(strength * np.array(cosines))
    mixed = gate * content + (1.0 - gate) * before
    moved = np.zeros(locations)
    for start in range(locations):
        for step in range(steps):
            moved[(start + step - steps // 2) % locations] += mixed[start] * shift[step]
    sharp = moved**sharpening
    return sharp / sharp.sum()


def neural_turing_machine(weights, inputs, num_read_heads, num_write_heads, shift_range=1):
    """The outputs of a machine with an LSTM, `(batch, steps, units + num_read_heads * width)`.

    Args:
        weights: by their paths.
        inputs: `(batch, steps, features)`.
    """
    heads, steps = num_read_heads + num_write_heads, 2 * shift_range + 1
    first = weights["first_memory"].astype("float64")
    width = first.shape[1]
    outputs = []
    for sequence in inputs:
        memory = first.copy()
        looks = [softmax(each) for each in weights["first_weights"]]
        reads = [looks[head] @ memory for head in range(num_read_heads)]
        units = weights["heads/kernel"].shape[0]
        hidden, cell, found = np.zeros(units), np.zeros(units), []
        for x in sequence:
            hidden, cell = lstm(weights, np.concatenate([x, *reads]), hidden, cell)
            told = hidden @ weights["heads/kernel"] + weights["heads/bias"]
            # The projection has the numbers of one kind of all heads side by side.
            kinds = []
            for count, size in ((heads, width), *[(heads, 1)] * 2, (heads, steps), (heads, 1)):
                kinds.append(told[: count * size].reshape(count, size))
                told = told[count * size :]
            erase, add = told.reshape(2, num_write_heads, width)
            looks = [
                address(np.concatenate([kind[head] for kind in kinds]), memory, look, steps)
                for head, look in enumerate(looks)
            ]
            reads = [looks[head] @ memory for head in range(num_read_heads)]
            after = memory.copy()
            for i in range(len(memory)):
                for head in range(num_write_heads):
                    after[i] *= 1.0 - looks[num_read_heads + head][i] * sigmoid(erase[head])
                for head in range(num_write_heads):
                    after[i] += looks[num_read_heads + head][i] * np.tanh(add[head])
            memory = after
            found.append(np.concatenate([hidden, *reads]))
        outputs.append(found)
    return np.array(outputs)
