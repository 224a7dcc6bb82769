"""A differentiable neural computer, and a network with least recently used access, as loops over
examples, steps, heads and locations, in float64."""

import math

import numpy as np

from tests.oracles.memory import EPSILON, control, sigmoid, softmax, softplus


def cosines(key, memory):
    found = []
    for row in memory:
        lengths = math.sqrt((key @ key + EPSILON) * (row @ row + EPSILON))
        found.append(key @ row / lengths)
    return np.array(found)


def controlled(weights, inputs, heads, width, step, controller="lstm", clip=20.0):
    """The outputs of a controller and what `step(state, told)` reads, with states of its own.

    `step` takes what the heads are told, and None or the state, and returns what each head reads
    and the next state.
    """
    outputs = []
    for sequence in inputs:
        units = weights["heads/kernel"].shape[0]
        inner, state = (np.zeros(units), np.zeros(units)), None
        reads, found = np.zeros(heads * width), []
        for x in sequence:
            inner = control(weights, controller, np.concatenate([x, reads]), inner)
            hidden = inner[0]
            told = hidden @ weights["heads/kernel"] + weights["heads/bias"]
            reads, state = step(state, np.clip(told.astype("float64"), -clip, clip))
            reads = np.concatenate(reads)
            found.append(np.concatenate([hidden, reads]))
        outputs.append(found)
    return np.array(outputs)


def differentiable_neural_computer(weights, inputs, heads, controller="lstm", clip=20.0):
    """The outputs `(batch, steps, units + heads * width)`.

    Args:
        weights: by their paths.
        inputs: `(batch, steps, features)`.
        heads: how many read.
        controller, clip: those of the cell; `clip=np.inf` for none.
    """
    first = weights["first_memory"].astype("float64")
    n, width = first.shape

    def step(state, told):
        if state is None:
            state = first, np.zeros((heads, n)), np.zeros(n), np.zeros(n), np.zeros(n), None
        memory, reads, written, usage, precedence, links = state
        links = np.zeros((n, n)) if links is None else links

        def take(count):
            nonlocal told
            part, told = told[:count], told[count:]
            return part

        read_keys = [take(width) for _ in range(heads)]
        read_strengths = 1.0 + softplus(take(heads))
        write_key, write_strength = take(width), 1.0 + softplus(take(1)[0])
        erase, write_vector = sigmoid(take(width)), take(width)
        free = sigmoid(take(heads))
        allocation_gate, write_gate = sigmoid(take(1)[0]), sigmoid(take(1)[0])
        modes = [softmax(take(3)) for _ in range(heads)]

        used = np.zeros(n)
        for i in range(n):
            used[i] = usage[i] + written[i] - usage[i] * written[i]
            for head in range(heads):
                used[i] *= 1.0 - free[head] * reads[head][i]
        allocation, left = np.zeros(n), 1.0
        for i in np.argsort(used, kind="stable"):
            allocation[i] = (1.0 - used[i]) * left
            left *= used[i]
        content = softmax(write_strength * cosines(write_key, memory))
        write = write_gate * (allocation_gate * allocation + (1.0 - allocation_gate) * content)
        memory = memory * (1.0 - np.outer(write, erase)) + np.outer(write, write_vector)
        linked = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                if i != j:
                    kept = (1.0 - write[i] - write[j]) * links[i, j]
                    linked[i, j] = kept + write[i] * precedence[j]
        precedence = (1.0 - write.sum()) * precedence + write
        looks = []
        for head in range(heads):
            content = softmax(read_strengths[head] * cosines(read_keys[head], memory))
            ways = linked.T @ reads[head], content, linked @ reads[head]
            looks.append(sum(mode * way for mode, way in zip(modes[head], ways, strict=True)))
        found = [look @ memory for look in looks]
        return found, (memory, looks, write, used, precedence, linked)

    return controlled(weights, inputs, heads, width, step, controller, clip)


def least_recently_used_access(weights, inputs, heads, decay, controller="lstm", clip=20.0):
    """The outputs `(batch, steps, units + heads * width)`.

    Args:
        weights: by their paths.
        inputs: `(batch, steps, features)`.
        heads: how many read and write.
        decay: of the usage.
        controller, clip: those of the cell; `clip=np.inf` for none.
    """
    first = weights["first_memory"].astype("float64")
    n, width = first.shape

    def step(state, told):
        memory, reads, usage = state or (first, np.zeros((heads, n)), np.zeros(n))
        keys = [np.tanh(told[head * width : (head + 1) * width]) for head in range(heads)]
        gates = sigmoid(told[heads * width :])
        least = np.argsort(usage, kind="stable")[:heads]
        memory, usage = memory.copy(), decay * usage
        for place in least:
            memory[place] = 0.0
        for head in range(heads):
            write = gates[head] * reads[head]
            write[least[head]] += 1.0 - gates[head]
            memory += np.outer(write, keys[head])
            usage += write
        looks = [softmax(cosines(key, memory)) for key in keys]
        return [look @ memory for look in looks], (memory, looks, usage + sum(looks))

    return controlled(weights, inputs, heads, width, step, controller, clip)
