"""
# Translation that learns to align

A recurrent network reads a sentence and writes another. Where all that it knows of the first has to
go through one vector, long sentences suffer. Bahdanau et al. let the decoder look back instead: at
every step it compares its state with every position of the source, and takes a mean of the source
weighted by how well they fit. Nobody tells it which word belongs to which. It learns that from
pairs of sentences alone, and the weights can be drawn.

By default this file translates dates: over a hundred ways to write one, into `YYYY-MM-DD`,
character by character. It takes about three minutes on two cores. Give it two text files, line by
line beside each other (`train.de`, `train.en`, and the same for `val` and `test`, plain or .gz),
and it translates sentences:

    python tutorials/translation.py
    python tutorials/translation.py --model encoder_decoder rnn_search
    python tutorials/translation.py --data FOLDER --source de --target en

References: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
Translate", 2015, https://arxiv.org/abs/1409.0473; Luong et al., "Effective Approaches to
Attention-based Neural Machine Translation", 2015, https://arxiv.org/abs/1508.04025; Cho et al.,
"Learning Phrase Representations using RNN Encoder-Decoder", 2014, https://arxiv.org/abs/1406.1078
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

from keras_attn.applications import EncoderDecoder, LuongTranslator, RNNSearch
from keras_attn.datasets import SequencePairs, TextTokenizer, date_pairs, parallel_text
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import ExactMatch, Perplexity, TokenAccuracy, bleu
from keras_attn.visualization import (
    alignment_page,
    plot_alignment,
    plot_by_length,
    plot_learning_curves,
)

NAMES = {"rnn_search": "RNNsearch", "luong": "Luong", "encoder_decoder": "no attention"}
# What the two tasks differ in, where the command line does not say otherwise.
DATES = {
    "unit": "character", "vocabulary": 100, "units": 96, "embedding": 32, "dropout": 0.0,
    "epochs": 10, "batch_size": 64, "learning_rate": 3e-3,
}  # fmt: skip
SENTENCES = {
    "unit": "bpe", "vocabulary": 8000, "units": 512, "embedding": 256, "dropout": 0.4,
    "epochs": 10, "batch_size": 64, "learning_rate": 1e-3,
}  # fmt: skip


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Translates dates, or sentences, and shows where the decoder looked.",
        epilog=f"Of dates, by default: {DATES}. Of sentences: {SENTENCES}.",
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="of parallel text; dates without it")
    add("--source", default="de", help="ending of the source's files")
    add("--target", default="en", help="ending of the target's files")
    add("--splits", nargs=3, default=["train", "val", "test"], metavar="NAME", help="of the files")
    add("--model", nargs="+", choices=list(NAMES), default=["rnn_search"])
    add("--unit", choices=["word", "bpe", "character"])
    add("--vocabulary", type=positive, help="tokens of each language")
    add("--min-frequency", type=positive, default=2, help="of a token that is known")
    add("--units", type=positive)
    add("--embedding", type=positive)
    add("--layers", type=positive, default=1, help="of Luong's LSTMs")
    scores = ["dot", "general", "concat", "scaled_dot", "none"]
    add("--score", choices=scores, default="general", help="of Luong's attention")
    add("--window", choices=["monotonic", "predictive"], help="of Luong's local attention")
    add("--no-attention-input", action="store_true", help="of Luong: without input feeding")
    add("--forward", action="store_true", help="of Luong: the source is not reversed")
    add("--dropout", type=float)
    add("--epochs", type=positive)
    add("--batch-size", type=positive)
    add("--learning-rate", type=float, help="its peak")
    add("--beams", type=positive, default=5)
    add("--length-penalty", type=float, default=1.0)
    add("--examples", type=positive, default=20_000, help="dates for training")
    add("--validation", type=positive, default=500, help="dates")
    add("--test", type=positive, default=1000, help="dates")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    options = parser.parse_args(arguments)
    for name, value in (SENTENCES if options.data else DATES).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


"""
## Data

Texts become integers: the characters of dates, or words, or frequent pieces of words. All sentences
are put in lower case. Pairs of like length go into a batch together.
"""


def load(options):
    if options.data is None:
        sizes = {"train": options.examples, "val": options.validation, "test": options.test}
        # Days of the test are in neither of the others.
        texts = {
            split: date_pairs("test" if split == "test" else "train", size, seed=[options.seed, n])
            for n, (split, size) in enumerate(sizes.items())
        }
    else:
        texts = {
            name: parallel_text(options.data, options.source, options.target, split)
            for name, split in zip(("train", "val", "test"), options.splits, strict=True)
        }
        texts = {
            name: [[text.lower() for text in side] for side in sides]
            for name, sides in texts.items()
        }
    tokenizers = [
        TextTokenizer.train(
            side, options.unit, options.vocabulary, min_frequency=options.min_frequency
        )
        for side in texts["train"]
    ]
    return texts, tokenizers


def batches(sides, tokenizers, options, **further):
    ids = [each.encode(side) for each, side in zip(tokenizers, sides, strict=True)]
    return SequencePairs(*ids, batch_size=options.batch_size, seed=options.seed, **further)


"""
## Models

The same encoder and read-out with attention and without, or Luong's stack of LSTMs.
"""


def make_model(name, tokenizers, options):
    sizes = {"units": options.units, "embedding_units": options.embedding}
    if name == "luong":
        return LuongTranslator(
            *tokenizers,
            **sizes,
            num_layers=options.layers,
            score=None if options.score == "none" else options.score,
            window=options.window,
            input_feeding=not options.no_attention_input,
            reverse_source=not options.forward,
            dropout=options.dropout,
        )
    model = {"rnn_search": RNNSearch, "encoder_decoder": EncoderDecoder}[name]
    further = {"bidirectional": True} if name == "encoder_decoder" else {}
    return model(
        *tokenizers, **sizes, maxout_units=options.embedding, dropout=options.dropout, **further
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
        metrics=[Perplexity(), TokenAccuracy(), ExactMatch()],
        jit_compile=jit_compile(),
    )
    best = keras.callbacks.EarlyStopping(
        "val_perplexity", mode="min", patience=options.epochs, restore_best_weights=True
    )
    history = model.fit(
        train, validation_data=validation, epochs=options.epochs, callbacks=[best]
    ).history
    return {name: [float(value) for value in values] for name, values in history.items()}


"""
## How good it is

The model now writes without help: each step sees what the model itself has written. Dates must be
right in every character; translations are compared with a reference by BLEU.
"""

LENGTHS = ((1, 8), (9, 11), (12, 14), (15, 18), (19, 100))  # words


def judge(model, texts, options):
    sources, references = texts
    figures, translations = {}, {}
    searches = {"greedy": {}, "beam": {"num_beams": options.beams}}
    if options.data:
        searches["beam"]["length_penalty"] = options.length_penalty
    for search, further in searches.items():
        begin = time.perf_counter()
        found = model.generate(sources, search=search, batch_size=50, **further)
        translations[search] = found
        figures[search] = {"seconds": time.perf_counter() - begin}
        if options.data:
            score = bleu(found, references)
            figures[search].update(bleu=score.score, signature=score.signature)
        else:
            right = [each == reference for each, reference in zip(found, references, strict=True)]
            figures[search]["exact_match"] = 100 * float(np.mean(right))
    if options.data:
        figures["bleu_by_length"] = bleu_by_length(sources, translations["greedy"], references)
    return figures, translations


def bleu_by_length(sources, translations, references):
    """BLEU of the sentences of each class of lengths, by the mean length of its sources."""
    words = np.array([len(source.split()) for source in sources])
    found = {}
    for least, most in LENGTHS:
        rows = np.flatnonzero((words >= least) & (words <= most))
        if len(rows):
            score = bleu(*([side[row] for row in rows] for side in (translations, references)))
            found[f"{words[rows].mean():.1f}"] = round(score.score, 2)
    return found


"""
## Where it looked
"""


def draw_alignments(name, model, texts, options, count=6):
    sources, references = ([*side[:count]] for side in texts)
    outputs, alignments = model.generate(sources, return_alignments=True)
    plot_alignment(
        alignments,
        titles=None if options.data else outputs,
        columns=2 if options.data else 3,
        path=options.pictures / f"alignments_{name}.png",
    )
    more = model.generate([*texts[0][:40]], return_alignments=True)[1]
    alignment_page(
        more,
        options.pictures / f"alignments_{name}.html",
        titles=[f"reference: {text}" for text in texts[1][:40]],
    )
    for source, output, reference in zip(sources, outputs, references, strict=True):
        print(f"  {source}\n  → {output}" + ("" if output == reference else f"   ({reference})"))


"""
## Everything together
"""


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    texts, tokenizers = load(options)
    counts = {split: len(sides[0]) for split, sides in texts.items()}
    task = f"{options.source} to {options.target}" if options.data else "dates"
    print(f"{task}, on {backend()}:", counts)

    results = {}
    for name in options.model:
        keras.utils.set_random_seed(options.seed)
        model = make_model(name, tokenizers, options)
        print(f"\n{NAMES[name]}: {model.count_params():,} weights")
        # Made anew for each model, so that all see the same batches.
        train = batches(texts["train"], tokenizers, options, max_length=60)
        validation = batches(texts["val"], tokenizers, options, shuffle=False)
        begin = time.perf_counter()
        history = train_model(model, train, validation, options)
        seconds = time.perf_counter() - begin
        test = batches(texts["test"], tokenizers, options, shuffle=False)
        perplexity = model.evaluate(test, verbose=0, return_dict=True)["perplexity"]
        figures, translations = judge(model, texts["test"], options)
        results[name] = {
            "parameters": model.count_params(),
            "seconds": seconds,
            "test_perplexity": float(perplexity),
            **figures,
            "history": history,
        }
        print(f"{seconds:.0f} seconds. On the test set: perplexity {perplexity:.2f}")
        for search in ("greedy", "beam"):
            measures = {k: round(v, 2) for k, v in figures[search].items() if k != "signature"}
            print(f"  {search}: {measures}")
        if options.data:
            print(f"  {figures['greedy']['signature']}")
        if options.weights:
            options.weights.mkdir(parents=True, exist_ok=True)
            model.save(options.weights / f"{name}.keras")
            lines = "\n".join(translations["greedy"])
            (options.weights / f"{name}.txt").write_text(lines + "\n", encoding="utf-8")
        if name != "encoder_decoder" and options.score != "none":
            draw_alignments(name, model, texts["test"], options)

    plot_learning_curves(
        {NAMES[name]: result["history"] for name, result in results.items()},
        metric="val_perplexity",
        label="validation perplexity",
        scale="log",
        path=options.pictures / "translation_curves.png",
    )
    if options.data:
        plot_by_length(
            {
                NAMES[name]: {float(k): v for k, v in result["bleu_by_length"].items()}
                for name, result in results.items()
            },
            path=options.pictures / "bleu_by_length.png",
        )
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures and a page to point at in {options.pictures}/")
    if options.json:
        write_json(options.json, options, examples=counts, seconds=seconds, models=results)


if __name__ == "__main__":
    main()
