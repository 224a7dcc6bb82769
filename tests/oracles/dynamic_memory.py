"""Machines that allocate their memory as loops over examples, steps, heads and locations.

See `tests.oracles.memory` for what they take and return, and for the symbols of the parameters.
"""

import numpy as np

from tests.oracles.memory import Controller, cosine, sigmoid, softmax, softplus, split, stacked


def differentiable_neural_computer(p, inputs, heads, controller="lstm", clip=20.0):
    """Graves et al., 2016, with as many heads that read, and one that writes."""
    first = p["M_0"]
    n, width = first.shape
    parts = {
        "read_key": (heads, width),
        "read_strength": (heads, None),
        "write_key": (1, width),
        "write_strength": (1, None),
        "erase": (1, width),
        "add": (1, width),
        "free_gate": (heads, None),
        "allocation_gate": (1, None),
        "write_gate": (1, None),
        "read_mode": (heads, 3),
    }
    activations = {
        **{name: sigmoid for name in parts if name == "erase" or name.endswith("gate")},
        **{name: lambda numbers: 1.0 + softplus(numbers) for name in parts if "strength" in name},
        "read_mode": softmax,
    }
    found = []
    for sequence in inputs:
        network, memory, trace = Controller(p, controller), first, []
        looks, reads = np.zeros((heads, n)), np.zeros((heads, width))
        written, usage, precedence, links = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, n))
        for x in sequence:
            numbers = network.numbers(np.concatenate([x, *reads]), clip)
            given = {
                name: activations.get(name, np.array)(each)
                for name, each in split(numbers, parts).items()
            }
            usage = usage + written - usage * written
            for gate, look in zip(given["free_gate"], looks, strict=True):
                usage = usage * (1.0 - gate * look)
            allocation, left = np.zeros(n), 1.0
            for i in np.argsort(usage, kind="stable"):
                allocation[i] = (1.0 - usage[i]) * left
                left *= usage[i]
            (key,), (strength,) = given["write_key"], given["write_strength"]
            content = softmax([strength * cosine(key, row) for row in memory])
            (share,), (gate,) = given["allocation_gate"], given["write_gate"]
            written = gate * (share * allocation + (1.0 - share) * content)
            (erase,), (add,) = given["erase"], given["add"]
            memory = memory * (1.0 - np.outer(written, erase)) + np.outer(written, add)
            linked = np.zeros((n, n))
            for i, j in np.ndindex(n, n):
                if i != j:
                    kept = (1.0 - written[i] - written[j]) * links[i, j]
                    linked[i, j] = kept + written[i] * precedence[j]
            links, precedence = linked, (1.0 - written.sum()) * precedence + written
            after = []
            for head, look in enumerate(looks):
                key, strength = given["read_key"][head], given["read_strength"][head]
                content = softmax([strength * cosine(key, row) for row in memory])
                back, here, forth = given["read_mode"][head]
                after.append(back * (links.T @ look) + here * content + forth * (links @ look))
            looks = np.array(after)
            reads = looks @ memory
            trace.append(
                {
                    **given,
                    "output": np.concatenate([network.hidden, *reads]),
                    "memory": memory,
                    "usage": usage,
                    "precedence": precedence,
                    "links": links,
                    "reads": reads,
                    "read_weights": looks,
                    "write_weights": written[None],
                }
            )
        found.append(trace)
    return stacked(found)


def least_recently_used_access(p, inputs, heads, decay, controller="lstm", clip=20.0):
    """Santoro et al., 2016, with as many heads that read and write."""
    first = p["M_0"]
    n, width = first.shape
    found = []
    for sequence in inputs:
        network, memory, trace = Controller(p, controller), first, []
        looks, usage, reads = np.zeros((heads, n)), np.zeros(n), np.zeros((heads, width))
        for x in sequence:
            numbers = network.numbers(np.concatenate([x, *reads]), clip)
            given = split(numbers, {"key": (heads, width), "gate": (heads, None)})
            keys, gates = np.tanh(given["key"]), sigmoid(given["gate"])
            least = np.argsort(usage, kind="stable")[:heads]
            memory, usage, writes = memory.copy(), decay * usage, []
            for place in least:
                memory[place] = 0.0
            for head in range(heads):
                write = gates[head] * looks[head]
                write[least[head]] += 1.0 - gates[head]
                memory += np.outer(write, keys[head])
                writes.append(write)
            looks = np.array([softmax([cosine(key, row) for row in memory]) for key in keys])
            usage = usage + sum(writes) + sum(looks)
            reads = looks @ memory
            trace.append(
                {
                    "key": keys,
                    "add": keys,
                    "gate": gates,
                    "output": np.concatenate([network.hidden, *reads]),
                    "memory": memory,
                    "usage": usage,
                    "reads": reads,
                    "read_weights": looks,
                    "write_weights": np.array(writes),
                }
            )
        found.append(trace)
    return stacked(found)
