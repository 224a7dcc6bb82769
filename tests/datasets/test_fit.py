"""All data sets in `fit`: any first batches, workers, validation data, curricula."""

import keras
import numpy as np
import pytest

from keras_attn.datasets import (
    AssociativeRecallTask,
    BinarizedImages,
    CopyTask,
    DistortedDigits,
    DynamicNGramsTask,
    ImageCaptions,
    MemoryTask,
    PrioritySortTask,
    RepeatCopyTask,
    SequencePairs,
)
from keras_attn.losses import TokenCrossentropy
from keras_attn.metrics import Perplexity

pytestmark = pytest.mark.training

SEEDS = range(10)
# TensorFlow would compile with XLA for every length.
COMPILE = {"jit_compile": False} if keras.backend.backend() == "tensorflow" else {}
NUM = 24
IMAGES = np.arange(NUM, dtype="float32")[:, None, None, None] * np.ones((1, 4, 4, 1)) / NUM


class RandomLengthTask(MemoryTask):
    """Custom task that draws its lengths without `draw_size`."""

    input_channels = target_channels = 1

    def draw(self, generator):
        steps = int(generator.choice([4, 12], p=[0.8, 0.2]))
        bits = generator.integers(0, 2, (self.batch_size, steps, 1))
        return bits, bits, np.ones(steps)


def pairs(seed, shuffle=True, **kwargs):
    """Returns pairs that the first token identifies."""
    generator = np.random.default_rng(seed)
    texts = [[row + 4] * generator.choice([3, 12], p=[0.8, 0.2]) for row in range(NUM)]
    targets = [[row + 4] * generator.choice([3, 12], p=[0.8, 0.2]) for row in range(NUM)]
    return SequencePairs(texts, targets, batch_size=3, shuffle=shuffle, seed=seed, **kwargs)


def captions(seed, shuffle=True, batch_size=4, long=0.2, **kwargs):
    """Returns images with two captions each, of which the part `long` is long."""
    generator = np.random.default_rng(seed)
    texts = [
        [[row + 4] * generator.choice([2, 6], p=[1 - long, long]) for _ in range(2)]
        for row in range(NUM)
    ]
    return ImageCaptions(IMAGES, texts, batch_size, shuffle=shuffle, seed=seed, **kwargs)


def task(cls, **sizes):
    return lambda seed, shuffle=True, steps=5, **kwargs: cls(
        batch_size=2, steps_per_epoch=steps, fixed=not shuffle, seed=seed, **sizes, **kwargs
    )


DATA = {
    "sequence pairs": pairs,
    "image captions": captions,
    "distorted digits": lambda seed, shuffle=True, **kwargs: DistortedDigits(
        IMAGES, np.arange(NUM), "none", batch_size=5, seed=seed, shuffle=shuffle, **kwargs
    ),
    "binarized images": lambda seed, shuffle=True, **kwargs: BinarizedImages(
        IMAGES > 0.5, batch_size=5, seed=seed, shuffle=shuffle, **kwargs
    ),
    "copies": task(CopyTask, lengths=(1, 12)),
    "repeated copies": task(RepeatCopyTask, lengths=(1, 3), repeats=(1, 3)),
    "recall": task(AssociativeRecallTask, items=(2, 4)),
    "n-grams": task(DynamicNGramsTask, length=12, order=2),
    "sorting": task(PrioritySortTask, count=4, top=2),
    "custom task": task(RandomLengthTask),
}
# Data sets whose labels identify the examples.
LABELED = ["sequence pairs", "image captions", "distorted digits"]


def model_for(data):
    """Returns a small compiled model for the batches of a data set."""
    batch = data[0]
    if isinstance(batch[0], dict):
        token = keras.Input((None,), dtype="int32", name="target")
        name = next(name for name in batch[0] if name != "target")
        other = keras.Input(
            (None,) if name == "source" else batch[0][name].shape[1:], dtype="float32", name=name
        )
        mean = keras.ops.mean(other, axis=tuple(range(1, len(other.shape))), keepdims=False)
        hidden = keras.layers.Embedding(NUM + 4, 2)(token) * keras.ops.reshape(mean, (-1, 1, 1))
        model = keras.Model({name: other, "target": token}, keras.layers.Dense(NUM + 4)(hidden))
        model.compile("sgd", TokenCrossentropy(), metrics=[Perplexity()], **COMPILE)
    elif len(batch) == 3:
        sequences = keras.Input((None, batch[0].shape[-1]))
        outputs = keras.layers.Dense(batch[1].shape[-1], "sigmoid")(sequences)
        model = keras.Model(sequences, outputs)
        model.compile("sgd", "binary_crossentropy", **COMPILE)
    else:
        images = keras.Input(batch[0].shape[1:])
        model = keras.Model(images, keras.layers.Dense(NUM)(keras.layers.Flatten()(images)))
        if len(batch) == 1:
            model = InputsOnly(model)
            model.compile("sgd", **COMPILE)
        else:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile("sgd", loss, **COMPILE)
    return model


class InputsOnly(keras.Model):
    """Model whose loss depends on the inputs only."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(keras.ops.square(y_pred))


@pytest.mark.parametrize("name", DATA)
def test_fit_with_ten_seeds(name):
    model = None
    for seed, shuffle in [*((seed, True) for seed in SEEDS), (0, False)]:
        data = DATA[name](seed, shuffle=shuffle)
        model = model or model_for(data)
        losses = model.fit(data, epochs=2, validation_data=DATA[name](seed), verbose=0).history
        assert np.all(np.isfinite([*losses.values()]))


@pytest.mark.parametrize("name", ["image captions", "copies", "repeated copies", "recall"])
def test_a_single_batch_is_padded_to_one_length_in_all_epochs(name):
    single = {"batch_size": NUM, "long": 0.03} if name == "image captions" else {"steps": 1}
    data, drawn, lengths = DATA[name](1, **single), [], []

    class Recorded(type(data)):
        def draw_batch(self, number):
            content, given = super().draw_batch(number)
            if number == 0:
                drawn.append(tuple(given))
            return content, given

        def __getitem__(self, index):
            batch = super().__getitem__(index)
            lengths.append(batch[1].shape[1])
            return batch

    model = model_for(data)
    data.__class__ = Recorded
    assert len(data) == 1
    history = model.fit(data, epochs=6, validation_data=DATA[name](0, **single), verbose=0).history
    assert np.all(np.isfinite([*history.values()]))
    assert len(history["val_loss"]) == 6
    assert len(set(drawn)) > 1
    assert len(set(lengths)) == 1


def record_labels(data, log):
    """Makes a data set append the labels of each requested batch to `log`, one list per epoch."""

    class Recorded(type(data)):
        def on_epoch_begin(self):
            super().on_epoch_begin()
            log.append([])

        def __getitem__(self, index):
            batch = super().__getitem__(index)
            if log:
                log[-1].append(batch[-1])
            return batch

    data.__class__ = Recorded
    return data


WORKERS = [{}, {"workers": 3}, {"workers": 2, "use_multiprocessing": True}]


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("name", LABELED)
def test_an_epoch_with_workers_is_a_permutation(name, workers):
    data = DATA[name](0, **workers)
    model = model_for(data)
    num_batches = []

    class CountBatches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            num_batches[-1] += 1

        def on_epoch_begin(self, epoch, logs=None):
            num_batches.append(0)

    log = []
    model.fit(record_labels(data, log), epochs=3, callbacks=[CountBatches()], verbose=0)
    assert num_batches == [len(data)] * 3
    for batches in log[-3:]:
        labels = np.concatenate([batch.reshape(len(batch), -1)[:, 0] for batch in batches])
        numbers = labels[labels > 0] - 4 if name != "distorted digits" else labels
        assert sorted(numbers.tolist()) == list(range(NUM))


@pytest.mark.parametrize("name", DATA)
def test_workers_do_not_change_the_batches(name):
    for one, other in zip(DATA[name](3), DATA[name](3, workers=3), strict=True):
        for first, second in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
            np.testing.assert_array_equal(first, second)


def test_keras_starts_no_workers():
    data = pairs(0, workers=3)
    data.use_multiprocessing = True
    assert (data.workers, data.use_multiprocessing) == (1, False)


def test_losses_and_metrics_ignore_padding():
    plain, longer = pairs(0, shuffle=False), pairs(0, shuffle=False)
    longer.draw_batch = lambda number: (
        (drawn := plain.draw_batch(number))[0],
        [length + 16 for length in drawn[1]],
    )
    tokens = keras.Input((None,), dtype="int32", name="target")
    logits = keras.layers.Dense(NUM + 4)(keras.layers.Embedding(NUM + 4, 3)(tokens))
    source = keras.Input((None,), dtype="int32", name="source")
    model = keras.Model({"source": source, "target": tokens}, logits)
    model.compile("sgd", TokenCrossentropy(), metrics=[Perplexity()], **COMPILE)
    assert longer[0][1].shape[1] > plain[0][1].shape[1]
    expected = model.evaluate(plain, verbose=0)
    np.testing.assert_allclose(model.evaluate(longer, verbose=0), expected, rtol=1e-5)


@pytest.mark.parametrize("built", [False, True])
def test_the_curriculum_starts_with_the_first_epoch_of_fit(built):
    longest = []

    class RecordingTask(CopyTask):
        def draw(self, generator):
            drawn = super().draw(generator)
            longest[-1] = max(longest[-1], (len(drawn[2]) - 1) // 2)
            return drawn

        def on_epoch_begin(self):
            super().on_epoch_begin()
            longest.append(0)

    longest.append(0)
    data = RecordingTask(
        lengths=(1, 20), bits=2, batch_size=2, steps_per_epoch=40, curriculum_epochs=1
    )
    model = model_for(CopyTask(bits=2))
    if built:
        model.fit(CopyTask(bits=2, steps_per_epoch=1), verbose=0)
    model.fit(data, epochs=2, verbose=0)
    assert [length > 11 for length in longest[-2:]] == [False, True]
