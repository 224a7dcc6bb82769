"""
# Headlines: attention without recurrence

Rush et al. write a headline word by word with a feed-forward network that sees the last five words
it has written. What it knows of the sentence comes from an encoder: the mean of all its words, or,
with attention, a mean weighted by how well each word fits what was written last.

By default the sentences are made-up news that need no download; it takes about a minute on two
cores. Attention finds the names that the mean of all words mixes up. A position is smoothed with
its neighbours, as in the paper, so that it may look beside a word to read it: at "banker" for his
name. Or take two files, line by line beside each other:

    python tutorials/summarization.py
    python tutorials/summarization.py --data FOLDER --source article --target title

Reference: Rush, Chopra and Weston, "A Neural Attention Model for Abstractive Sentence
Summarization", 2015, https://arxiv.org/abs/1509.00685
"""

import argparse
import importlib.util
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "KERAS_BACKEND" not in os.environ:
    # The fastest first.
    backends = ("jax", "tensorflow", "torch")
    os.environ["KERAS_BACKEND"] = next(filter(importlib.util.find_spec, backends), "tensorflow")

import keras
from report import backend, jit_compile, positive, write_json

from keras_attn import BahdanauAttention, LuongAttention
from keras_attn.applications import AttentionSummarizer
from keras_attn.datasets import SequencePairs, TextTokenizer, headline_pairs, parallel_text
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import Perplexity, rouge
from keras_attn.visualization import alignment_page, plot_alignment, plot_learning_curves

NAMES = {"bag_of_words": "mean of the words", "attention": "attention"}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Writes headlines, with attention and with the mean of all words.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="of parallel text; made-up news without it")
    add("--source", default="article", help="ending of the sentences' files")
    add("--target", default="title", help="ending of the headlines' files")
    add(
        "--splits", nargs=3, default=["train", "valid", "test"], metavar="NAME", help="of the files"
    )
    add("--encoder", nargs="+", choices=list(NAMES), default=list(NAMES))
    add("--score", choices=["additive", "general"], default="additive", help="of the attention")
    add("--vocabulary", type=positive, default=10_000)
    add("--units", type=positive, default=128)
    add("--embedding", type=positive, default=64)
    add("--context", type=positive, default=5, help="words before that are seen")
    add("--smoothing", type=int, default=1, help="words at each side that are averaged with each")
    add("--epochs", type=positive, default=10)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=5e-3, help="its peak")
    add("--beams", type=positive, default=4)
    add("--examples", type=positive, default=10_000, help="made-up sentences for training")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    return parser.parse_args(arguments)


def load(options):
    if options.data:
        return {
            name: parallel_text(options.data, options.source, options.target, split)
            for name, split in zip(("train", "val", "test"), options.splits, strict=True)
        }
    sizes = {"train": options.examples, "val": 500, "test": 500}
    # No sentence of the test is in the training set.
    return {
        split: headline_pairs("test" if split == "test" else "train", size, seed=[options.seed, n])
        for n, (split, size) in enumerate(sizes.items())
    }


def batches(sides, tokenizers, options, shuffle=True):
    ids = [each.encode(side) for each, side in zip(tokenizers, sides, strict=True)]
    return SequencePairs(*ids, batch_size=options.batch_size, seed=options.seed, shuffle=shuffle)


def make_attention(options):
    """The paper's score is the general one; Adam soon drives it to where the softmax is flat."""
    if options.score == "general":
        return LuongAttention("general")
    return BahdanauAttention(options.embedding, use_bias=True)


def train_model(model, train, validation, options):
    steps = options.epochs * len(train)
    rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        # Class 0 is padding.
        loss=TokenCrossentropy(),
        metrics=[Perplexity()],
        jit_compile=jit_compile(),
    )
    history = model.fit(train, validation_data=validation, epochs=options.epochs).history
    return {name: [float(value) for value in values] for name, values in history.items()}


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    texts = load(options)
    counts = {split: len(sides[0]) for split, sides in texts.items()}
    print(f"headlines, on {backend()}:", counts)
    tokenizers = [TextTokenizer.train(side, "word", options.vocabulary) for side in texts["train"]]

    results = {}
    for encoder in options.encoder:
        keras.utils.set_random_seed(options.seed)
        model = AttentionSummarizer(
            *tokenizers,
            embedding_units=options.embedding,
            units=options.units,
            context_size=options.context,
            smoothing=options.smoothing,
            encoder=encoder,
            attention=make_attention(options),
        )
        print(f"\n{NAMES[encoder]}: {model.count_params():,} weights")
        # Made anew for each model, so that both see the same batches.
        train = batches(texts["train"], tokenizers, options)
        validation = batches(texts["val"], tokenizers, options, shuffle=False)
        begin = time.perf_counter()
        history = train_model(model, train, validation, options)
        seconds = time.perf_counter() - begin
        sources, references = texts["test"]
        found = model.generate(
            sources, search="beam", num_beams=options.beams, max_length=20, batch_size=100
        )
        scores = rouge(found, references)
        results[encoder] = {
            "parameters": model.count_params(),
            "seconds": seconds,
            "rouge": {name: score.score for name, score in scores.items()},
            "signature": scores["rouge1_f1"].signature,
            "history": history,
        }
        for source, headline in zip(sources[:3], found, strict=False):
            print(f"  {source}\n  → {headline}")
        if encoder == "attention":
            outputs, alignments = model.generate(
                sources[:30], max_length=20, return_alignments=True
            )
            plot_alignment(
                alignments[:4], columns=2, path=options.pictures / "alignments_headlines.png"
            )
            alignment_page(
                alignments, options.pictures / "alignments_headlines.html", titles=outputs
            )

    plot_learning_curves(
        {NAMES[encoder]: result["history"] for encoder, result in results.items()},
        metric="val_perplexity",
        label="validation perplexity",
        scale="log",
        path=options.pictures / "summarization_curves.png",
    )
    seconds = time.perf_counter() - start
    kinds = ("rouge1_f1", "rouge2_f1", "rougeL_f1")
    print(f"\n{'':20}" + "".join(f"{kind:>12}" for kind in kinds))
    for encoder, result in results.items():
        print(f"{NAMES[encoder]:20}" + "".join(f"{result['rouge'][kind]:12.1f}" for kind in kinds))
    print(f"\n{seconds:.0f} seconds. Pictures and a page to point at in {options.pictures}/")
    if options.json:
        write_json(options.json, options, examples=counts, seconds=seconds, encoders=results)


if __name__ == "__main__":
    main()
