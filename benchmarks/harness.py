"""Times ours and the peers in turn, so that the machine's noise meets all of them alike."""

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
PACKAGES = ("keras-attn", "keras", *BACKENDS, "numpy", "kornia")


def interleaved(functions, seconds=1.0, least=3, burst=0.05):
    """Median milliseconds of each function, called in turn in short bursts, round after round.

    Alternating single calls would time how well a function copes with a cold cache and with memory
    that its neighbour has left behind, which is not how training calls it.

    Args:
        functions: dict of functions that return when their result is there.
        seconds: for each function; one that has had them leaves the rounds to the others.
        least: number of timed calls of each, even where they take longer.
        burst: seconds that a function is called for before the next one's turn. The first call of
            a burst does not count, unless it is the only one.

    Returns:
        Dict of the medians, by the same names.
    """
    times = {name: [] for name in functions}
    for function in functions.values():
        function()
    while waiting := [n for n, t in times.items() if len(t) < least or sum(t) < 1000.0 * seconds]:
        for name in waiting:
            found = []
            while sum(found) < 1000.0 * burst:
                start = time.perf_counter()
                functions[name]()
                found.append(1000.0 * (time.perf_counter() - start))
            times[name] += found[1:] or found
    return {name: sorted(values)[len(values) // 2] for name, values in times.items()}


def rows(name, backend, milliseconds, ours="ours"):
    """One row for each peer: `ratio` is ours over peer, below 1 is faster."""
    return [
        {
            "name": name,
            "backend": backend,
            "ours_ms": round(milliseconds[ours], 3),
            "peer": peer,
            "peer_ms": round(value, 3),
            "ratio": round(milliseconds[ours] / value, 3),
        }
        for peer, value in milliseconds.items()
        if peer != ours
    ]


def main(measure, description, draw=None, limit=None):
    """Command line of a benchmark: each backend in a process of its own.

    Args:
        measure: takes the backend's name and returns its rows; called with `KERAS_BACKEND` set
            and nothing imported.
        description: what `--help` says.
        draw: takes the rows and a path, and draws them; adds `--picture`.
        limit: Float, largest accepted ratio of a row; the program exits with an error if a row
            exceeds it. `None` for no limit.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="by default all")
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the rows, and what they were got with"
    )
    if draw:
        parser.add_argument("--picture", metavar="FILE", type=Path, help="draw the rows to FILE")
    parser.add_argument("--rows", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rows:
        backend = arguments.backend[0]
        part = {"rows": measure(backend), "device": device(backend)}
        arguments.rows.write_text(json.dumps(part))
        return

    found, devices = [], {}
    for backend in arguments.backend or BACKENDS:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.json"
            subprocess.run(
                [sys.executable, sys.argv[0], "--backend", backend, "--rows", str(file)],
                env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                check=True,
            )
            part = json.loads(file.read_text())
        print_table(part["rows"])
        found += part["rows"]
        devices[backend] = part["device"]
    if arguments.json:
        whole = {**circumstances(), "devices": devices, "rows": found}
        arguments.json.write_text(json.dumps(whole, indent=1))
    if draw and arguments.picture:
        draw(found, arguments.picture)
    slow = [f"{row['name']} ({row['backend']})" for row in found if limit and row["ratio"] > limit]
    if slow:
        sys.exit(f"Over {limit} times as slow: {', '.join(slow)}")


def circumstances():
    """Returns the date, the package versions and the processor of a run."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "date": datetime.date.today().isoformat(),
        "versions": versions,
        "processor": {"name": processor(), "cores": os.cpu_count()},
    }


def processor():
    """The name of the processor, as Linux has it, or else its kind."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def device(backend):
    """The name of what a backend computes on: of its first accelerator, or `"cpu"`."""
    if backend == "jax":
        import jax

        return jax.devices()[0].device_kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    import tensorflow as tf

    for accelerator in tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(accelerator)["device_name"]
    return "cpu"


def print_table(found):
    head = f"{'name':44} {'backend':11} {'ours_ms':>9}  {'peer':34} {'peer_ms':>9} {'ratio':>7}"
    print(f"{head}\n{'-' * len(head)}")
    for row in found:
        print(
            f"{row['name']:44} {row['backend']:11} {row['ours_ms']:9.3f}  "
            f"{row['peer']:34} {row['peer_ms']:9.3f} {row['ratio']:7.3f}",
            flush=True,
        )
    print(flush=True)
