"""Options of the public classes that are neither layers nor applications.

A new class or constructor argument needs an entry in `ENTRIES`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from keras_attn import NTM, NTMCell, SpatialTransformer, datasets, losses, metrics, visualization
from keras_attn.applications import ShowAttendTell

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.random((6, 12, 12, 1)).astype("float32")
OTHER_IMAGES = 1.0 - IMAGES
LABELS = np.array([[1, 2, 3, 0], [2, 1, 0, 0]])
# Every token is predicted correctly except for token 2.
LOGITS = 5.0 * np.eye(5, dtype="float32")[np.where(LABELS == 2, 4, LABELS)]
BITS = GENERATOR.integers(0, 2, (2, 3, 4)).astype("float32")
BIT_LOGITS = GENERATOR.normal(size=(2, 3, 4)).astype("float32")


@dataclass(frozen=True, eq=False)
class Entry:
    """Options of one class.

    Args:
        make: Constructor, or a method that makes an instance.
        view: Function `(instance, folder) -> list of arrays` that shows the effect of options.
        arguments: Dictionary of arguments.
        options: Dictionary, argument → value other than that of `arguments` or the default.
        without_effect: Names of documented arguments without effect.
    """

    make: Callable
    view: Callable
    arguments: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    without_effect: tuple[str, ...] = ()

    @property
    def id(self):
        return getattr(self.make, "__qualname__", self.make)


def loss_view(loss, folder):
    return [np.array(loss.name), keras.ops.convert_to_numpy(loss(LABELS, LOGITS))]


def token_metric_view(metric, folder):
    metric.update_state(LABELS, LOGITS)
    return [np.array(metric.name), keras.ops.convert_to_numpy(metric.result())]


def bit_metric_view(metric, folder):
    metric.update_state(BITS, BIT_LOGITS)
    return [np.array(metric.name), keras.ops.convert_to_numpy(metric.result())]


def data_view(data, folder):
    """Returns the batches of two epochs, their number, and the threads that make them."""
    main = threading.main_thread()
    (is_threaded,) = set(data.map(lambda _: threading.current_thread() is not main, range(2)))
    found = [np.array(is_threaded), np.array(data.max_queue_size)]
    for _ in range(2):
        data.on_epoch_begin()
        found += keras.tree.flatten([data[number] for number in range(len(data))])
        data.on_epoch_end()
    return found


def files_view(images, folder):
    return [images[0], np.array(len(images))]


def tokenizer_view(tokenizer, folder):
    return [np.concatenate(tokenizer.encode(["One two, two.", "one one"]))]


def pictures_view(callback, folder):
    """Returns the names of the files of a callback after one epoch, and the first picture."""
    callback.set_model(MODELS[type(callback)]())
    callback.on_train_begin()
    callback.on_epoch_end(0)
    callback.on_train_end()
    files = sorted(callback.folder.iterdir())
    names = [np.array(str(file.relative_to(folder))) for file in files]
    pixels = [keras.utils.img_to_array(keras.utils.load_img(files[0]), "channels_last")]
    return names + pixels


def small_transformer():
    keras.utils.set_random_seed(0)
    transformer = SpatialTransformer(output_size=6, data_format="channels_last")
    return keras.Sequential([keras.Input((12, 12, 1)), transformer])


def small_captioner():
    keras.utils.set_random_seed(0)
    return ShowAttendTell((16, 16, 3), 9, units=4, embedding_units=3, data_format="channels_last")


def small_machine():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 3))
    return keras.Model(inputs, NTM(NTMCell(8, 8, 4), return_sequences=True)(inputs))


MODELS = {
    visualization.SpatialTransformerPictures: small_transformer,
    visualization.CaptionPictures: small_captioner,
    visualization.MemoryPictures: small_machine,
}
BATCHES = {"workers": 2, "max_queue_size": 3}
TASK = {
    **BATCHES,
    "batch_size": 3,
    "steps_per_epoch": 4,
    "pad_to_multiple_of": 5,
    "fixed": True,
    "seed": 1,
    "curriculum_epochs": 5,
}
TASK_SIZES = {"batch_size": 2, "steps_per_epoch": 3, "pad_to_multiple_of": 1}
PROCESSES = ("use_multiprocessing",)
TEXTS = ["one two two three", "one two", "One"]


def task(cls, arguments, options, without_effect=()):
    options = {**TASK, **options}
    options = {name: value for name, value in options.items() if name not in without_effect}
    without_effect = (*PROCESSES, *without_effect)
    return Entry(cls, data_view, {**TASK_SIZES, **arguments}, options, without_effect)


def pictures(cls, arguments, options):
    options = {"frequency": 2, "animation": False, **options}
    return Entry(cls, pictures_view, arguments, options)


def metric(cls, view, **options):
    return Entry(cls, view, {}, {"name": "other", **options})


ENTRIES = [
    Entry(
        losses.TokenCrossentropy,
        loss_view,
        {},
        {"ignore_class": 2, "reduction": "sum", "name": "other"},
    ),
    *(
        metric(cls, token_metric_view, ignore_class=2)
        for cls in (metrics.ExactMatch, metrics.Perplexity, metrics.TokenAccuracy)
    ),
    *(
        metric(cls, bit_metric_view)
        for cls in (metrics.BitError, metrics.BitsPerSequence, metrics.SequenceError)
    ),
    task(datasets.CopyTask, {}, {"lengths": (3, 4), "bits": 3}),
    task(
        datasets.RepeatCopyTask,
        {},
        {"lengths": (3, 4), "repeats": (2, 3), "bits": 3, "scale": (1, 20)},
    ),
    task(datasets.AssociativeRecallTask, {}, {"items": (3, 9), "item_length": 2, "bits": 3}),
    # These tasks have no sizes that grow.
    task(
        datasets.DynamicNGramsTask,
        {"length": 20},
        {"length": 12, "order": 3, "pad_to_multiple_of": 3},
        ("curriculum_epochs",),
    ),
    task(
        datasets.PrioritySortTask,
        {"count": 6, "top": 4},
        {"count": 5, "top": 3, "bits": 3},
        ("curriculum_epochs",),
    ),
    Entry(
        datasets.BinarizedImages,
        data_view,
        {"images": IMAGES, "batch_size": 4},
        {
            **BATCHES,
            "images": OTHER_IMAGES,
            "batch_size": 3,
            "shuffle": False,
            "fixed": True,
            "seed": 1,
        },
        PROCESSES,
    ),
    Entry(
        datasets.DistortedDigits,
        data_view,
        {"images": IMAGES, "labels": np.arange(6), "kind": "TC"},
        {
            **BATCHES,
            "images": OTHER_IMAGES,
            "labels": np.arange(6)[::-1],
            "kind": "T",
            "batch_size": 3,
            "seed": 1,
            "shuffle": False,
            "size": 30,
            "distractors": OTHER_IMAGES,
            "num_distractors": 2,
            "distractor_size": 4,
        },
        PROCESSES,
    ),
    Entry(
        datasets.ImageCaptions,
        data_view,
        {"images": IMAGES, "captions": [[[4], [5, 6]]] * 6, "batch_size": 4},
        {
            **BATCHES,
            "images": OTHER_IMAGES,
            "captions": [[[4], [5, 7]]] * 6,
            "batch_size": 3,
            "pad_to_multiple_of": 5,
            "shuffle": False,
            "seed": 1,
        },
        PROCESSES,
    ),
    Entry(
        datasets.SequencePairs,
        data_view,
        {"sources": [[4, 5]] * 3 + [[6]] * 3, "targets": [[5 + n] for n in range(6)]},
        {
            **BATCHES,
            "sources": [[4, 6]] * 3 + [[6]] * 3,
            "targets": [[6 + n] for n in range(6)],
            "batch_size": 3,
            "max_length": 2,
            "pad_to_multiple_of": 5,
            "shuffle": False,
            "seed": 1,
        },
        PROCESSES,
    ),
    Entry(
        datasets.TextTokenizer.train,
        tokenizer_view,
        {"texts": TEXTS},
        {
            "texts": [*TEXTS, "six six six six"],
            "unit": "character",
            "vocabulary_size": 5,
            "lowercase": True,
            "min_frequency": 2,
        },
    ),
    pictures(
        visualization.SpatialTransformerPictures,
        {"images": IMAGES[:2]},
        {
            "images": OTHER_IMAGES[:2],
            "transformations": lambda images: small_transformer().layers[0](
                images[::-1], return_transformation=True
            ),
        },
    ),
    pictures(
        visualization.CaptionPictures,
        {"images": GENERATOR.random((1, 16, 16, 3)), "max_length": 3},
        {
            "images": GENERATOR.random((1, 16, 16, 3)),
            "max_length": 1,
            "alignments": lambda images: small_captioner().align(images, [[5]]),
        },
    ),
    pictures(
        visualization.MemoryPictures,
        {"inputs": np.ones((1, 4, 3), "float32")},
        {
            "inputs": np.zeros((1, 4, 3), "float32"),
            "trace": lambda inputs: small_machine().layers[1].trace(inputs[:, ::-1] * 2.0),
        },
    ),
]
# Classes whose options are tested elsewhere, or that only hold values.
ELSEWHERE = {
    "MemoryTask",  # base class
    "DescribedScenes",  # a tuple
    "ImageFiles",  # tests/datasets/test_image_files.py
    "TextScore",  # a tuple
    "TextTokenizer",  # made by `train` and `from_config`
}
