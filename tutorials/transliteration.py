"""
# Transliteration: letters that look at letters

Words in Latin letters become words in another script. One letter may stand for several and several
for one, and what a letter means depends on those around it. The order hardly changes, so that what
attention learns can be read off its weights: a diagonal, with steps where `shch` is one letter.

By default the words are made up, Latin to Cyrillic, and need no download; it takes about two
minutes on two cores. Or take the lexicons of the Dakshina dataset, or any files of two columns:

    python tutorials/transliteration.py
    python tutorials/transliteration.py --model encoder_decoder rnn_search
    python tutorials/transliteration.py --train TRAIN.tsv --validation DEV.tsv --test TEST.tsv

References: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
Translate", 2015, https://arxiv.org/abs/1409.0473; Roark et al., "Processing South Asian Languages
Written in the Latin Script: the Dakshina Dataset", 2020, https://arxiv.org/abs/2007.01176
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
import numpy as np
from report import backend, jit_compile, positive, write_json

from keras_attn.applications import EncoderDecoder, RNNSearch
from keras_attn.datasets import SequencePairs, TextTokenizer, romanized_words, word_pairs
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import ExactMatch, Perplexity
from keras_attn.visualization import alignment_page, plot_alignment, plot_learning_curves

NAMES = {"rnn_search": "RNNsearch", "encoder_decoder": "no attention"}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Transliterates words, and shows which letters looked at which.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    for name in ("train", "validation", "test"):
        add(f"--{name}", type=Path, metavar="FILE", help="of two columns; made-up words without")
    add("--columns", type=int, nargs=2, default=[0, 1], metavar="N", help="source and target")
    add("--model", nargs="+", choices=list(NAMES), default=["rnn_search"])
    add("--units", type=positive, default=128)
    add("--embedding", type=positive, default=48)
    add("--dropout", type=float, default=0.2)
    add("--epochs", type=positive, default=8)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=2e-3, help="its peak")
    add("--beams", type=positive, default=4)
    add("--examples", type=positive, default=10_000, help="made-up words for training")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    options = parser.parse_args(arguments)
    files = [options.train, options.validation, options.test]
    if any(files) and not all(files):
        parser.error("arguments --train, --validation and --test: need each other")
    return options


"""
## Data
"""


def load(options):
    if options.train:
        files = {"train": options.train, "val": options.validation, "test": options.test}
        return {split: word_pairs(path, *options.columns) for split, path in files.items()}
    sizes = {"train": options.examples, "val": 500, "test": 500}
    # No word of the test is in the training set.
    return {
        split: romanized_words("test" if split == "test" else "train", size, seed=[options.seed, n])
        for n, (split, size) in enumerate(sizes.items())
    }


def batches(sides, tokenizers, options, shuffle=True):
    ids = [each.encode(side) for each, side in zip(tokenizers, sides, strict=True)]
    return SequencePairs(*ids, batch_size=options.batch_size, seed=options.seed, shuffle=shuffle)


"""
## Models
"""


def make_model(name, tokenizers, options):
    further = {"bidirectional": True} if name == "encoder_decoder" else {}
    return {"rnn_search": RNNSearch, "encoder_decoder": EncoderDecoder}[name](
        *tokenizers,
        units=options.units,
        embedding_units=options.embedding,
        maxout_units=options.embedding,
        dropout=options.dropout,
        **further,
    )


def train_model(model, train, validation, options):
    steps = options.epochs * len(train)
    warmup = min(steps // 10, 500)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=options.learning_rate, warmup_steps=warmup
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        # Class 0 is padding.
        loss=TokenCrossentropy(),
        metrics=[Perplexity(), ExactMatch()],
        jit_compile=jit_compile(),
    )
    history = model.fit(train, validation_data=validation, epochs=options.epochs).history
    return {name: [float(value) for value in values] for name, values in history.items()}


"""
## How good it is

A word is right when all its letters are. A lexicon may have several native words for one in Latin
letters: then each line of the test asks for its own.
"""


def judge(model, texts, options):
    sources, references = texts
    figures = {}
    for search, further in {"greedy": {}, "beam": {"num_beams": options.beams}}.items():
        begin = time.perf_counter()
        found = model.generate(sources, search=search, batch_size=250, max_length=40, **further)
        right = [each == word for each, word in zip(found, references, strict=True)]
        figures[search] = {
            "exact_match": 100 * float(np.mean(right)),
            "seconds": time.perf_counter() - begin,
        }
    return figures


"""
## Everything together
"""


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    texts = load(options)
    tokenizers = [TextTokenizer.train(side, "character") for side in texts["train"]]
    counts = {split: len(sides[0]) for split, sides in texts.items()}
    print(f"transliteration, on {backend()}:", counts)

    results = {}
    for name in options.model:
        keras.utils.set_random_seed(options.seed)
        model = make_model(name, tokenizers, options)
        print(f"\n{NAMES[name]}: {model.count_params():,} weights")
        # Made anew for each model, so that all see the same batches.
        train = batches(texts["train"], tokenizers, options)
        validation = batches(texts["val"], tokenizers, options, shuffle=False)
        begin = time.perf_counter()
        history = train_model(model, train, validation, options)
        seconds = time.perf_counter() - begin
        figures = judge(model, texts["test"], options)
        results[name] = {
            "parameters": model.count_params(), "seconds": seconds, **figures, "history": history,
        }  # fmt: skip
        print(f"{seconds:.0f} seconds. On the test set, in %:")
        for search in ("greedy", "beam"):
            print(f"  {search}: { ({k: round(v, 2) for k, v in figures[search].items()}) }")
        if options.weights:
            options.weights.mkdir(parents=True, exist_ok=True)
            model.save(options.weights / f"{name}.keras")
        if name == "rnn_search":
            draw_alignments(model, texts["test"], options)

    plot_learning_curves(
        {NAMES[name]: result["history"] for name, result in results.items()},
        metric="val_exact_match",
        label="validation words right",
        path=options.pictures / "transliteration_curves.png",
    )
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures and a page to point at in {options.pictures}/")
    if options.json:
        write_json(options.json, options, examples=counts, seconds=seconds, models=results)


def draw_alignments(model, texts, options):
    # Long words show more; the first of them, whatever the model makes of them.
    pairs = list(zip(*texts, strict=True))
    pairs = [pair for pair in pairs if len(pair[0]) > 6][:40] or pairs[:40]
    sources, references = map(list, zip(*pairs, strict=True))
    outputs, alignments = model.generate(sources, max_length=40, return_alignments=True)
    plot_alignment(
        alignments[:6],
        titles=[f"{word} → {output}" for word, output in zip(sources, outputs, strict=True)][:6],
        references=references[:6],
        path=options.pictures / "alignments_letters.png",
    )
    path = options.pictures / "alignments_letters.html"
    alignment_page(alignments, path, titles=outputs, references=references)


if __name__ == "__main__":
    main()
