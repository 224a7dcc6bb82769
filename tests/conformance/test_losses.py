"""Losses of models: weights, targets and arguments of `compile` have an effect or raise."""

import keras
import numpy as np
import pytest

from keras_attn.applications import DRAW, Autoencoder, CoLocalizer, VariationalAutoencoder
from tests.backend import BACKEND, quick, to_numpy
from tests.conformance.own_losses import OWN_LOSS, has_own_loss
from tests.conformance.registry import MODELS
from tests.conformance.selection import by_id, first_of_class, shared

# Cases with an additional loss that does not support `sample_weight`.
WITHOUT_SAMPLE_WEIGHT = ("sparse", "coverage-loss")
# On TensorFlow, tracing a step takes longer than running it.
EAGER = {"run_eagerly": BACKEND == "tensorflow"}

VARIATIONAL = [case for case in MODELS if case.application in (DRAW, VariationalAutoencoder)]
KERAS_LOSS = {case.application: case for case in MODELS if not has_own_loss(case.application)}
LABELS = np.array([0, 1, 2, 0])
OTHER_LABELS = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=4)


def make_loss_function(case, model):
    """Returns a function `(x, y, sample_weight) -> loss` that restores all variables.

    The outputs are computed with `training=False`: batch normalization would mix the examples.
    """
    x, y = case.fit_data(model)
    structure = (x, x if y is None else y)

    def compute(weight, *flat):
        x, y = keras.tree.pack_sequence_as(structure, flat)
        return model.compute_loss(x, y, model(x, training=False), weight, training=True)

    compute = quick(model, compute)

    def value(x, y, weight):
        before = [to_numpy(variable) for variable in model.variables]
        flat = [*keras.tree.flatten(x), *keras.tree.flatten(x if y is None else y)]
        found = float(to_numpy(compute(keras.ops.convert_to_tensor(weight), *map(tensor, flat))))
        for variable, number in zip(model.variables, before, strict=True):
            variable.assign(number)
        return found

    return value


def tensor(array):
    return keras.ops.convert_to_tensor(array)


def replace_last(array):
    """Replaces the last example by another example with the same padding."""
    array = np.array(array)
    if array.ndim == 1:
        array[-1] = 0 if array[-1] else 1
    elif "int" in str(array.dtype):
        array[-1] = np.where(array[-1] > 2, array[-1] % 5 + 3, array[-1])
    else:
        array[-1] = 1.0 - array[-1]
    return array


@pytest.mark.training
@by_id([*OWN_LOSS, *KERAS_LOSS.values()])
def test_an_example_of_weight_zero_is_ignored(case):
    model = case.model()
    model.compile("sgd", **case.compile, **EAGER)
    (x, y), value = case.fit_data(model), make_loss_function(case, model)
    count = len(keras.tree.flatten(x)[0])
    weights = np.float32([*[1.0] * (count - 1), 0.0])
    other = [
        None if each is None else keras.tree.map_structure(replace_last, each) for each in (x, y)
    ]
    if case.name in WITHOUT_SAMPLE_WEIGHT:
        with pytest.raises(ValueError, match="`sample_weight` must be None"):
            value(x, y, weights)
        return
    first = value(x, y, weights)
    assert value(*other, weights) == pytest.approx(first, rel=1e-5, abs=1e-6)
    assert value(*other, np.ones_like(weights)) != pytest.approx(first, rel=1e-4)
    assert value(x, y, np.zeros_like(weights)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.training
@by_id(shared(first_of_class([case for case in OWN_LOSS if case.name != "coverage-loss"])))
def test_losses_of_regularizers_are_added(case):
    model = case.model()
    model.compile("sgd", **case.compile, **EAGER)
    (x, y), weight = case.fit_data(model), model.trainable_weights[0]
    ones = np.ones(len(keras.tree.flatten(x)[0]), "float32")
    before = make_loss_function(case, model)(x, y, ones)
    weight.regularizer = keras.regularizers.L2(0.3)
    added = make_loss_function(case, model)(x, y, ones) - before
    assert added == pytest.approx(0.3 * np.sum(to_numpy(weight) ** 2), rel=1e-3)


@pytest.mark.training
@by_id([case for case in OWN_LOSS if case.targets is None])
def test_sample_weight_applies_without_targets(case):
    model = case.model()
    model.compile("sgd", **case.compile, **EAGER)
    x, _ = case.fit_data(model)
    history = model.fit(x, sample_weight=np.zeros(len(x)), verbose=0).history
    assert history["loss"][0] == pytest.approx(0.0, abs=1e-6)


def refused_arguments(case):
    """Returns the arguments of `compile` and `fit` that raise an error."""
    if case.application is CoLocalizer:
        return ("loss", "loss_weights", "metrics", "y")
    return () if case.compile else ("loss", "loss_weights")


@pytest.mark.training
@by_id(OWN_LOSS)
def test_arguments_of_compile_and_fit_have_an_effect_or_raise(case):
    def train(**options):
        keras.utils.set_random_seed(0)
        model = case.model()
        x, y = case.fit_data(model)
        targets = options.pop("y", y)
        model.compile(keras.optimizers.SGD(0.0), **{**case.compile, **options}, **EAGER)
        return model.fit(x, targets, verbose=0, shuffle=False).history

    x, y = case.fit_data(case.model())
    plain = train()
    assert train() == plain
    are_labels = "int" in str(np.asarray(y).dtype)
    metric = "accuracy" if are_labels else "mae"
    options = {
        "loss": OTHER_LABELS if are_labels else "mae",
        "loss_weights": [0.5],
        "metrics": [metric],
        "y": np.zeros_like(x) if y is None else replace_last(y),
    }
    for name, value in options.items():
        if name in refused_arguments(case):
            with pytest.raises(ValueError, match=f"`{name}` must be None"):
                train(**{name: value})
        elif name == "metrics":
            # Keras before 3.13 prefixes the metric with the output name.
            (added,) = train(metrics=value).keys() - plain.keys()
            assert added.split("_")[-1] == metric
        else:
            assert train(**{name: value})["loss"] != plain["loss"]


@pytest.mark.training
@by_id([case for case in OWN_LOSS if case.targets is None])
def test_class_labels_as_targets_raise(case):
    for method in ("fit", "train_on_batch"):
        model = case.model()
        model.compile("sgd", **case.compile, **EAGER)
        x, _ = case.fit_data(model)
        with pytest.raises(ValueError, match="`y` must be None"):
            getattr(model, method)(x, LABELS[: len(x)])


@pytest.mark.training
@by_id([case for case in MODELS if issubclass(case.application, Autoencoder)])
def test_targets_of_an_autoencoder_default_to_the_inputs(case):
    histories = []
    for data in ("x", "xx"):
        model = case.model()
        model.compile("sgd", loss="mse", metrics=["mae"], **EAGER)
        x, _ = case.fit_data(model)
        histories.append(model.fit(*[x] * len(data), epochs=2, shuffle=False, verbose=0).history)
    assert histories[0] == histories[1]


@pytest.mark.training
def test_the_sparsity_penalty_of_a_batch_is_the_mean_of_its_examples():
    model = Autoencoder((4,), units=3, sparsity=0.5)
    model.compile("sgd", loss="mse")
    x = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    penalties = []
    for batch in (x, *x[:, None]):
        model(batch, training=True)
        penalties.append(sum(map(to_numpy, model.losses)))
    np.testing.assert_allclose(penalties[0], np.mean(penalties[1:]), rtol=1e-5)
    np.testing.assert_allclose(penalties[0], 0.5 * np.abs(model.encode(x)).sum(axis=1).mean(), 1e-5)


class Batches(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return (self.x,)


def tf_dataset(x):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(x).batch(len(x))


def torch_data_loader(x):
    import torch

    data = torch.utils.data.TensorDataset(torch.as_tensor(x))
    return torch.utils.data.DataLoader(data, batch_size=len(x))


def generator(x):
    yield (x,)


PIPELINES = {
    "array": lambda x: x,
    "PyDataset": Batches,
    "generator": generator,
    "tf.data": tf_dataset,
    "DataLoader": torch_data_loader,
}


@pytest.mark.training
@by_id([case for case in VARIATIONAL if case.arguments.get("likelihood") != "gaussian"])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_images_above_one_raise_for_every_type_of_data_set(case, pipeline):
    model = case.model()
    model.compile("sgd", **EAGER)
    (x, _), make = case.fit_data(model), PIPELINES[pipeline]
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"`x` must lie in \[0, 1\]"):
            method(make(255.0 * x), verbose=0)
    assert np.isfinite(model.fit(make(x), verbose=0).history["loss"][0])
    assert np.isfinite(model.evaluate(make(x), verbose=0, return_dict=True)["loss"])


@pytest.mark.training
@by_id(VARIATIONAL)
def test_beta_weights_the_kl_divergence(case, tmp_path):
    model = case.model()
    model.compile(keras.optimizers.SGD(0.0))
    x, _ = case.fit_data(model)
    schedule = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(model, "beta", 0.5 * epoch)
    )
    history = model.fit(x, epochs=3, verbose=0, callbacks=[schedule]).history
    for beta, *parts in zip(
        (0.0, 0.5, 1.0), history["loss"], history["reconstruction"], history["kl_divergence"],
        strict=True,
    ):  # fmt: skip
        assert parts[0] == pytest.approx(parts[1] + beta * parts[2], rel=1e-5)
    model.beta = 0.25
    assert model.get_config()["beta"] == 0.25
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").beta == 0.25
    for beta in (-1.0, "1", True, float("nan")):
        with pytest.raises(ValueError, match="`beta` must be"):
            model.beta = beta


def test_models_with_their_own_loss_are_registered():
    assert {case.application for case in OWN_LOSS} >= {CoLocalizer, DRAW, VariationalAutoencoder}
