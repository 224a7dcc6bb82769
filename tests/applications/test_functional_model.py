"""Models record their constructor arguments and return them as the config."""

import json

import keras
import numpy as np
import pytest

from keras_attn import BahdanauAttention
from keras_attn.applications import Autoencoder, DRAWClassifier, RNNSearch, ShowAndTell


@keras.saving.register_keras_serializable(package="tests")
class Doubled(Autoencoder):
    """Passes a changed value to its base class, and adds an argument."""

    def __init__(self, example_shape, units, depth=1, **kwargs):
        super().__init__(example_shape, 2 * units, activation="tanh", **kwargs)
        self.depth = depth


@keras.saving.register_keras_serializable(package="tests")
class OpenClassifier(DRAWClassifier):
    """Declares a single argument of its base class and passes `**kwargs` on."""

    def __init__(self, image_shape=(8, 8, 1), **kwargs):
        super().__init__(image_shape, 3, steps=2, units=4, read_size=3, **kwargs)


@keras.saving.register_keras_serializable(package="tests")
class Forwarding(Autoencoder):
    """Passes all arguments to its base class."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


@keras.saving.register_keras_serializable(package="tests")
class Tanh(Autoencoder):
    """Takes some arguments of its base class, and no `**kwargs`."""

    def __init__(self, example_shape, units=2, name=None, trainable=True, dtype=None):
        keras_own = {"name": name, "trainable": trainable, "dtype": dtype}
        super().__init__(example_shape, units, activation="tanh", **keras_own)


@keras.saving.register_keras_serializable(package="tests")
class Deep(Tanh):
    """Passes `**kwargs` to a base class that takes none."""

    def __init__(self, depth=1, **kwargs):
        super().__init__(**kwargs)
        self.depth = depth


def through_json(model):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    return keras.saving.deserialize_keras_object(config)


@pytest.fixture
def channels_first_elsewhere():
    """Yields a function that switches the global data format, as on another machine."""
    yield lambda: keras.config.set_image_data_format("channels_first")
    keras.config.set_image_data_format("channels_last")


def test_arguments_are_resolved_attributes():
    model = Autoencoder(example_shape=[4], units=3)
    assert (model.example_shape, model.units, model.activation) == ((4,), (3,), "relu")
    assert model.get_config()["units"] == (3,)


def test_numpy_scalars_can_be_saved():
    model = Autoencoder((4,), units=3, sparsity=np.float32(0.5))
    assert through_json(model).sparsity == 0.5


def test_a_subclass_is_saved_by_its_own_arguments():
    model = Doubled((4,), units=3, depth=2, code_activation="relu")
    config = model.get_config()
    assert (config["units"], config["depth"], config["code_activation"]) == (3, 2, "relu")
    assert "activation" not in config  # the subclass sets it
    for copy in (Doubled.from_config(config), through_json(model)):
        assert (copy.units, copy.depth, copy.activation) == ((6,), 2, "tanh")
        copy.set_weights(model.get_weights())
        x = np.ones((2, 4), "float32")
        np.testing.assert_allclose(copy.encode(x), model.encode(x), atol=1e-6)


def test_args_are_saved_by_name():
    model = Forwarding((4,), np.int64(3), code_activation="relu")
    assert "args" not in model.get_config()
    copy = through_json(model)
    assert (copy.example_shape, copy.units, copy.code_activation) == ((4,), (3,), "relu")


def test_defaults_behind_a_base_class_without_kwargs_are_not_saved():
    model = Deep(depth=2, example_shape=(4,))
    assert not {"activation", "sparsity"} & set(model.get_config())
    copy = through_json(model)
    assert (copy.depth, copy.units, copy.activation) == (2, (2,), "tanh")


def test_no_data_format_is_saved_as_the_present_one(channels_first_elsewhere):
    config = OpenClassifier(data_format=None).get_config()
    channels_first_elsewhere()
    assert OpenClassifier.from_config(config).data_format == "channels_last"


def test_defaults_of_the_base_class_are_saved(channels_first_elsewhere):
    config = OpenClassifier().get_config()
    assert config["padding_mode"] == "border"
    assert "steps" not in config
    channels_first_elsewhere()
    assert OpenClassifier.from_config(config).data_format == "channels_last"


def test_a_saved_model_does_not_depend_on_global_settings(channels_first_elsewhere, tmp_path):
    model = ShowAndTell((8, 8, 1), 9, units=4, embedding_units=3)
    model.save(tmp_path / "model.keras")
    channels_first_elsewhere()
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.data_format == "channels_last"
    assert loaded.output_shape == model.output_shape


def test_layer_arguments_are_copied():
    attention = BahdanauAttention(4)
    model = RNNSearch(9, 9, units=4, embedding_units=3, maxout_units=2, attention=attention)
    copy = RNNSearch.from_config(model.get_config())
    assert isinstance(copy.attention, BahdanauAttention)
    assert copy.attention is not attention
    assert [w.path for w in copy.weights] == [w.path for w in model.weights]


def test_a_missing_argument_raises():
    with pytest.raises(TypeError, match="example_shape"):
        Autoencoder(units=3)
