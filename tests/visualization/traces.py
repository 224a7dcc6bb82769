"""Hand-made trace of a Neural Turing Machine that copies its inputs."""

import numpy as np


def copying(length=4, first=0, locations=16, width=3, readers=1, writers=1, batch=2):
    """Returns a trace of heads that write to and then read from `length` locations.

    The first head begins at location `first`, and each further head at the location after.
    """
    rng = np.random.default_rng(0)
    steps = 2 * length
    read = np.zeros((batch, steps, readers, locations), "float32")
    write = np.zeros((batch, steps, writers, locations), "float32")
    for step in range(length):
        for head in range(writers):
            write[:, step, head, (first + head + step) % locations] = 1
        for head in range(readers):
            read[:, length + step, head, (first + head + step) % locations] = 1
    add = rng.uniform(-1, 1, (batch, steps, writers, width)).astype("float32")
    memory = np.cumsum(np.einsum("bthn,bthm->btnm", write, add), axis=1)
    reads = np.einsum("bthn,btnm->bthm", read, memory)
    return {
        "read_weights": read,
        "write_weights": write,
        "reads": reads,
        "add": add,
        "memory": memory,
    }
