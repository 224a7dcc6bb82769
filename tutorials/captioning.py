"""
# Captions that look while they speak

Show, Attend and Tell describes an image word by word, and for every word it looks at one part of
the image: softly, at a weighted mean of all places, or hard, at one place that it draws. Nobody
tells it where anything is. It learns that from images and sentences alone, and as the weights can
be drawn, one sees what each word was said of.

By default the images are made-up scenes of coloured shapes that need no download, described in a
small English; with `--things mnist` the things are real handwritten digits. Arrangements of the
test are never trained on. As it is known where everything stands, one can count how often a word
that names a thing is said while looking at it. It takes about six minutes on two cores, and as
much for every further mode: `soft`, `hard`, `semantic`, which looks at words that a detector has
found in the image, and `none`. Or take a folder of photographs and the file of their captions, as
Flickr8k and COCO have them.

    python tutorials/captioning.py
    python tutorials/captioning.py --mode soft hard none --things mnist --examples 24000 --epochs 5
    python tutorials/captioning.py --images FOLDER --captions FILE --encoder vgg16

References: Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual
Attention", 2015, https://arxiv.org/abs/1502.03044; Vinyals et al., "Show and Tell: A Neural Image
Caption Generator", 2015, https://arxiv.org/abs/1411.4555; You et al., "Image Captioning with
Semantic Attention", 2016, https://arxiv.org/abs/1603.03925
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
from captioning_data import batches, load, seen_by
from report import backend, jit_compile, positive, write_json

from keras_attn.applications import (
    AttributeDetector,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
)
from keras_attn.datasets import caption_attributes
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import Perplexity, TokenAccuracy, bleu, pointing_accuracy
from keras_attn.visualization import (
    animate_caption,
    caption_page,
    plot_alignment,
    plot_caption,
    plot_learning_curves,
)

NAMES = {
    "soft": "soft attention",
    "hard": "hard attention",
    "semantic": "semantic attention",
    "none": "no attention",
}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Describes scenes, and shows where each word looked.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    things = ["shapes", "digits", "mnist"]
    add("--things", choices=things, default="shapes", help="digits are drawn from fonts")
    add("--images", type=Path, metavar="FOLDER", help="of photographs, in place of scenes")
    add("--captions", type=Path, metavar="FILE", help="of the photographs")
    add("--encoder", choices=["small", "vgg16"], default="small", help="of photographs")
    add("--encoder-weights", default="imagenet", help="of vgg16; none for random numbers")
    add("--size", type=positive, default=224, help="of photographs, in pixels")
    add("--mode", nargs="+", choices=list(NAMES), default=["soft"])
    add("--gate", choices=["none", "scalar", "vector"], default="scalar")
    add("--units", type=positive, default=128)
    add("--embedding", type=positive, default=64)
    add("--dropout", type=float, default=0.2)
    add("--coverage", type=float, default=0.01, help="weight of the doubly stochastic penalty")
    add("--soft-start", type=float, default=0.6, help="part of its epochs hard attention is soft")
    ways = ["straight_through", "reinforce"]
    add("--estimator", choices=ways, default=ways[0], help="how hard attention learns to look")
    rate = "how often hard attention trains on what it expects to see; 0.5 in the paper"
    add("--expectation-rate", type=float, default=0.0, help=rate)
    add("--attributes", type=positive, default=10, help="of an image, for semantic attention")
    add("--detector-epochs", type=positive, default=4, help="of the detector of attributes")
    add("--sparsity", type=float, default=0.0, help="weight of its regularizer, 1 in the paper")
    add("--epochs", type=positive, default=10)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=2e-3, help="its peak")
    add("--beams", type=positive, default=3)
    add("--examples", type=positive, default=8000, help="scenes for training")
    add("--validation", type=positive, default=500, help="scenes")
    add("--test", type=positive, default=1000, help="scenes")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    options = parser.parse_args(arguments)
    if (options.images is None) != (options.captions is None):
        parser.error("--images and --captions belong together")
    return options


"""
## Models

The same small network looks at the image, and the same LSTM writes; with attention it sees another
part of the feature map at every word, without it sees the mean of the map once. Semantic attention
sees the mean, and at every word another mixture of words that a detector, trained before it, has
found in the image.

A place that is drawn at random shows nothing of what the next word names, so that hard attention
which starts from nothing learns to do without the image. It begins with the expectation in place of
every draw, in which it is soft attention, and draws when it knows where to look. An epoch counts
for the one as for the other, and the learning rate falls over all of them: drawing is learned at a
low one, which a noisy gradient needs.

Its gradient goes straight through the draw, to what each of the places would have shown. The paper
learns where to look by REINFORCE (`--estimator reinforce`): a place is good if the words that
followed were likely. That is right on average, while the other is biased, and noisy, as it knows of
no other place; half of the time the paper trains on the expectation (`--expectation-rate 0.5`).
"""


def make_model(mode, shape, train, tokenizer, options, **hard):
    # Feature maps need no encoder.
    encoder = "small" if shape[-1] == 3 else keras.layers.Identity(name="features")
    sizes = {
        "units": options.units,
        "embedding_units": options.embedding,
        "dropout": options.dropout,
        "data_format": "channels_last",
        "encoder": encoder,
    }
    if mode == "none":
        return ShowAndTell(shape, tokenizer, **sizes)
    if mode == "semantic":
        return SemanticAttentionCaptioner(
            detector(shape, encoder, train, tokenizer, options),
            tokenizer,
            units=options.units,
            num_attributes=options.attributes,
            dropout=options.dropout,
            sparsity_weight=options.sparsity,
        )
    hard = {"expectation_rate": options.expectation_rate, "seed": options.seed, **hard}
    return ShowAttendTell(
        shape,
        tokenizer,
        mode=mode,
        gate=None if options.gate == "none" else options.gate,
        doubly_stochastic_weight=options.coverage,
        estimator=options.estimator if mode == "hard" else "reinforce",
        **sizes,
        **hard,
    )


def detector(shape, encoder, train, tokenizer, options):
    """A network that has learned which words the captions of an image hold."""
    images, captions = train
    words, _ = caption_attributes(captions)
    known = [word for word in words if tokenizer.encode([word])[0] != [tokenizer.unknown]]
    attributes, targets = caption_attributes(captions, known)
    model = AttributeDetector(shape, attributes, encoder=encoder, data_format="channels_last")
    steps = -(-len(images) // options.batch_size)
    model.compile(
        optimizer=optimizer(options.detector_epochs * steps, options),
        loss="binary_crossentropy",
        metrics=[keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
        jit_compile=jit_compile(),
    )
    draws = np.random.default_rng(options.seed)

    def pairs():
        while True:
            rows = draws.integers(len(images), size=options.batch_size)
            yield np.stack([images[row] for row in rows]), targets[rows]

    model.fit(pairs(), steps_per_epoch=steps, epochs=options.detector_epochs)
    return model


class Later(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, of which some steps are over."""

    def __init__(self, rate, over):
        self.rate, self.over = rate, over

    def __call__(self, step):
        return self.rate(step + self.over)

    def get_config(self):
        return {"rate": self.rate, "over": self.over}


def optimizer(steps, options, over=0):
    """Adam whose rate rises in a tenth of the steps and falls in the others."""
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=options.learning_rate, warmup_steps=steps // 10
    )
    return keras.optimizers.Adam(Later(rate, over) if over else rate, clipnorm=1.0)


def train_model(model, train, validation, epochs, options, over=0):
    """Trains for some epochs of all, those before being over."""
    steps = len(train)
    model.compile(
        optimizer=optimizer(options.epochs * steps, options, over * steps),
        # Class 0 is padding.
        loss=TokenCrossentropy(),
        metrics=[Perplexity(), TokenAccuracy()],
        jit_compile=jit_compile(),
    )
    history = model.fit(train, validation_data=validation, epochs=epochs).history
    return {name: [float(value) for value in values] for name, values in history.items()}


"""
## How good it is

BLEU compares with the five sentences of each scene. A caption is an exact match if it is any of the
sentences that are right. Pointing accuracy is how often the place with the most weight lies on the
thing that the word names.

Hard attention looks at the likeliest place. With the same weights it may also be asked for the
expectation of what it would see, which is more than one place shows it.
"""


def judge(mode, model, images, scenes, options):
    search = {"search": "beam", "num_beams": options.beams, "max_length": 30, "batch_size": 100}
    attends = mode != "none"
    looks = mode in ("soft", "hard", "expectation")
    found = model.generate(images, return_alignments=attends, **search)
    captions, alignments = found if attends else (found, None)
    score = bleu(captions, scenes.captions, lowercase=True)
    figures = {"bleu": score.score, "signature": score.signature}
    if scenes.paraphrases:
        right = [text in texts for text, texts in zip(captions, scenes.paraphrases, strict=True)]
        figures["exact_match"] = 100 * float(np.mean(right))
    if looks and scenes.boxes:
        accuracy, count = pointing_accuracy(alignments, scenes.boxes)
        figures.update(pointing_accuracy=100 * accuracy, nouns=count)
    if mode == "semantic":
        path = options.pictures / "captions_semantic.png"
        plot_alignment(alignments[:4], path=path)
    if looks:
        # Of feature maps too, it is the image that is drawn.
        shown = [
            alignment._replace(source=image)
            for alignment, image in zip(alignments[:20], scenes.images, strict=False)
        ]
        path = options.pictures / f"captions_{mode}.png"
        plot_caption(shown[:5], path=path)
        animate_caption(shown[0], path.with_suffix(".gif"))
        references = [f"reference: {texts[0]}" for texts in scenes.captions[: len(shown)]]
        caption_page(shown, path.with_suffix(".html"), titles=references)
    for text in captions[:3]:
        print(f"  {text}")
    return figures


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    scenes, tokenizer = load(options)
    counts = {split: len(each.images) for split, each in scenes.items()}
    task = "photographs" if options.images else f"scenes of {options.things}"
    print(f"{task}, on {backend()}:", counts)
    images = seen_by(scenes, options)
    shape = images["train"][0].shape

    results = {}
    for mode in options.mode:
        keras.utils.set_random_seed(options.seed)
        print(f"\n{NAMES[mode]}")
        begin = time.perf_counter()
        known = images["train"], scenes["train"].captions
        model = make_model(mode, shape, known, tokenizer, options)
        # Made anew for each model, so that all see the same batches.
        train = batches(images["train"], scenes["train"], tokenizer, options)
        validation = batches(images["val"], scenes["val"], tokenizer, options, shuffle=False)
        softly = round(options.soft_start * options.epochs) if mode == "hard" else 0
        history = {}
        if softly:
            softer = make_model(mode, shape, known, tokenizer, options, expectation_rate=1.0)
            history = train_model(softer, train, validation, softly, options)
            model.set_weights(softer.get_weights())
        if softly < options.epochs:
            more = options.epochs - softly
            after = train_model(model, train, validation, more, options, over=softly)
            history = {name: history.get(name, []) + values for name, values in after.items()}
        results[mode] = {
            "parameters": model.count_params(),
            "seconds": time.perf_counter() - begin,
            **judge(mode, model, images["test"], scenes["test"], options),
            "history": history,
        }
        if mode == "hard":
            everywhere = make_model(mode, shape, known, tokenizer, options, inference="expectation")
            everywhere.set_weights(model.get_weights())
            results[mode]["expectation"] = judge(
                "expectation", everywhere, images["test"], scenes["test"], options
            )
        if options.weights:
            options.weights.mkdir(parents=True, exist_ok=True)
            model.compile()  # A file with a rate of ours could not be loaded elsewhere.
            model.save(options.weights / f"captioning_{mode}.keras")

    plot_learning_curves(
        {NAMES[mode]: result["history"] for mode, result in results.items()},
        metric="val_perplexity",
        label="validation perplexity",
        scale="log",
        path=options.pictures / "captioning_curves.png",
    )
    kinds = {"bleu": "BLEU-4", "exact_match": "exact match", "pointing_accuracy": "pointing"}
    print(f"\n{'':18}" + "".join(f"{name:>14}" for name in kinds.values()))
    found = {NAMES[mode]: result for mode, result in results.items()}
    if "hard" in results:
        found["its expectation"] = results["hard"]["expectation"]
    for name, result in found.items():
        cells = [f"{result[kind]:14.1f}" if kind in result else f"{'–':>14}" for kind in kinds]
        print(f"{name:18}" + "".join(cells))
    print(next(iter(results.values()))["signature"])
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures in {options.pictures}/")
    if options.json:
        write_json(options.json, options, examples=counts, seconds=seconds, modes=results)


if __name__ == "__main__":
    main()
