"""
# One task, every score

Whether a decoder state and a position of the source fit can be asked in many ways: by their
product, by a small network, by their angle, by the position alone; of all positions or of a window;
looking back or only ahead. This file trains the same small translator of dates (an LSTM that
attends after its step, as Luong et al. have it) with each of them, and with none, on the same
batches. It prints a table and draws where each looks for the same date; half an hour on one core
that does other work too.

What to see in it, by one seed (`docs/results/attention_scores.json`): most scores find the same
places and leave 3 to 15 % of the dates wrong; without attention half of them are. Four are far
behind. A window that moves on by a character a step, local-m, has 22 % wrong. By its place alone a
character cannot be found, as dates are written in many forms: location has 42 %. A scaled product
of states that lie in (-1, 1) starts out nearly even and needs longer than the five epochs it has
here: 55 %, more than without attention. Monotonic attention cannot go back, and most forms have the
year, which is asked for first, last: 92 %.

    python tutorials/attention_scores.py
    python tutorials/attention_scores.py --score dot general additive

References: Luong et al., "Effective Approaches to Attention-based Neural Machine Translation",
2015, https://arxiv.org/abs/1508.04025; Bahdanau et al., "Neural Machine Translation by Jointly
Learning to Align and Translate", 2015, https://arxiv.org/abs/1409.0473; for the others see their
layers.
"""

import argparse
import importlib.util
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "KERAS_BACKEND" not in os.environ:
    # The fastest first: loops over steps are compiled as a whole by JAX.
    backends = ("jax", "tensorflow", "torch")
    os.environ["KERAS_BACKEND"] = next(filter(importlib.util.find_spec, backends), "tensorflow")

import keras
from report import backend, jit_compile, positive, write_json

from keras_attn import (
    BahdanauAttention,
    ContentAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LocationAttention,
    LuongAttention,
    MonotonicAttention,
)
from keras_attn.applications import EncoderDecoder, LuongTranslator
from keras_attn.datasets import SequencePairs, TextTokenizer, date_pairs
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import ExactMatch
from keras_attn.visualization import plot_alignment, plot_errors

# What each is: by the name of its paper, a function of the width of the states.
SCORES = {
    "dot": lambda units: LuongAttention("dot"),
    "scaled_dot": lambda units: LuongAttention("scaled_dot"),
    "general": lambda units: LuongAttention("general"),
    "concat": lambda units: LuongAttention("concat"),
    "additive": lambda units: BahdanauAttention(units),
    "normalized": lambda units: BahdanauAttention(units, normalize=True),
    "content": lambda units: ContentAttention(strength=5.0),
    "location": lambda units: LocationAttention(max_length=64),
    "local_m": lambda units: LocalAttention(LuongAttention("general"), 10, "monotonic"),
    "local_p": lambda units: LocalAttention(LuongAttention("general"), 10, "predictive"),
    "monotonic": lambda units: MonotonicAttention(BahdanauAttention(units)),
    "coverage": lambda units: CoverageAttention(units),
    "hard": lambda units: HardAttention(BahdanauAttention(units)),
    "none": None,
}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains a translator of dates with every attention.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--score", nargs="+", choices=list(SCORES), default=list(SCORES))
    add("--units", type=positive, default=64)
    add("--embedding", type=positive, default=32)
    add("--epochs", type=positive, default=5)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=5e-3, help="its peak")
    add("--examples", type=positive, default=10_000, help="dates for training")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    return parser.parse_args(arguments)


def make_model(score, tokenizers, options):
    sizes = {"units": options.units, "embedding_units": options.embedding, "dropout": 0.0}
    if score == "none":
        return EncoderDecoder(*tokenizers, **sizes, maxout_units=options.embedding)
    return LuongTranslator(
        *tokenizers,
        **sizes,
        num_layers=1,
        attention=SCORES[score](options.units),
        # Monotonic attention cannot go back: the end is not the place to start.
        reverse_source=False,
    )


def train_model(model, pairs, options):
    rate = keras.optimizers.schedules.CosineDecay(
        options.learning_rate, options.epochs * len(pairs)
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        # Class 0 is padding.
        loss=TokenCrossentropy(),
        metrics=[ExactMatch()],
        jit_compile=jit_compile(),
    )
    begin = time.perf_counter()
    history = model.fit(pairs, epochs=options.epochs, verbose=0).history
    seconds = time.perf_counter() - begin
    return seconds, {name: [float(each) for each in values] for name, values in history.items()}


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    texts = {
        "train": date_pairs("train", options.examples, seed=[options.seed, 0]),
        # Days that are not in the training set.
        "test": date_pairs("test", 1000, seed=[options.seed, 1]),
    }
    tokenizers = [TextTokenizer.train(side, "character") for side in texts["train"]]
    ids = {
        split: [each.encode(side) for each, side in zip(tokenizers, sides, strict=True)]
        for split, sides in texts.items()
    }
    print(f"dates, on {backend()}. Wrong on the test set, in %:\n")
    print(f"{'':12}{'weights':>10}{'seconds':>10}{'wrong':>10}")

    results, alignments = {}, {}
    written, iso = date_pairs("test", 1, seed=[options.seed, 2])
    for score in options.score:
        keras.utils.set_random_seed(options.seed)
        model = make_model(score, tokenizers, options)
        pairs = SequencePairs(*ids["train"], batch_size=options.batch_size, seed=options.seed)
        seconds, history = train_model(model, pairs, options)
        test = SequencePairs(*ids["test"], batch_size=100, shuffle=False)
        right = model.evaluate(test, verbose=0, return_dict=True)["exact_match"]
        results[score] = {
            "parameters": model.count_params(),
            "seconds": seconds,
            "error": 100 * (1 - float(right)),
            "history": history,
        }
        error = results[score]["error"]
        print(f"{score:12}{model.count_params():10,}{seconds:10.0f}{error:10.1f}", flush=True)
        if score != "none":
            alignments[score] = model.align(written, iso)[0]

    plot_errors(
        {"dates wrong": {score: result["error"] for score, result in results.items()}},
        label="dates wrong on the test set, %",
        path=options.pictures / "attention_scores.png",
    )
    if alignments:
        plot_alignment(
            list(alignments.values()),
            titles=list(alignments),
            columns=min(len(alignments), 4),
            path=options.pictures / "attention_scores_alignments.png",
        )
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures in {options.pictures}/")
    if options.json:
        write_json(options.json, options, seconds=seconds, scores=results)


if __name__ == "__main__":
    main()
