"""Changes of sublayers are saved in the config and restored after `build`."""

import keras
import numpy as np
import pytest

from keras_attn import SpatialTransformer

IMAGES = np.ones((1, 8, 8, 1), "float32")


def transformer(**arguments):
    localization = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
    return SpatialTransformer(localization, data_format="channels_last", **arguments)


def copied(layer):
    copy = SpatialTransformer.from_config(layer.get_config())
    copy(IMAGES)
    return copy


def head_policies(layer):
    sublayers = layer.head._flatten_layers(include_self=False)
    return {each.name: each.dtype_policy.name for each in sublayers}


def test_an_unbuilt_layer_keeps_the_policies_that_build_chooses():
    expected = transformer(dtype="mixed_float16")
    found = copied(expected)
    expected(IMAGES)
    assert "float32" in head_policies(expected).values()
    assert head_policies(found) == head_policies(expected)


def test_a_built_layer_may_have_no_deviating_sublayer():
    layer = transformer(dtype="mixed_float16")
    layer(IMAGES)
    for each in layer._flatten_layers(include_self=False):
        each.dtype_policy = "mixed_float16"
    assert set(head_policies(copied(layer)).values()) == {"mixed_float16"}


def test_changes_before_build_survive_further_copies():
    layer = transformer()
    layer.localization.trainable = False
    copy = SpatialTransformer.from_config(layer.get_config())
    assert copy.get_config()["changes_before_build"] == {"sequential": {"trainable": False}}
    copy = copied(copy)
    assert not copy.localization.trainable_weights
    assert copy.head.trainable_weights


def test_unknown_sublayers_raise():
    config = {**transformer().get_config(), "changes": {"other": {"trainable": False}}}
    with pytest.raises(ValueError, match=r"`changes` must name sublayers .*other"):
        SpatialTransformer.from_config(config)(IMAGES)


def test_a_config_without_changes_can_be_loaded():
    layer = transformer()
    layer(IMAGES)
    config = layer.get_config()
    assert config.pop("changes") is not None
    copy = SpatialTransformer.from_config(config)
    copy(IMAGES)
    assert head_policies(copy) == head_policies(layer)


@keras.saving.register_keras_serializable(package="tests")
class Network(keras.layers.Layer):
    """Layer that gives its sublayers no names."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.layers = [keras.layers.Dense(units) for units in (3, 4, 5)]

    def build(self, input_shape):
        width = int(np.prod(input_shape[1:]))
        for layer in self.layers:
            layer.build((None, width))
            width = layer.units

    def call(self, inputs):
        outputs = self.flatten(inputs)
        for layer in self.layers:
            outputs = layer(outputs)
        return outputs


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_sublayers_without_names_are_told_apart(built, frozen):
    """Keras numbers their names anew in each copy."""
    layer = SpatialTransformer(Network(), data_format="channels_last")
    if built:
        layer(IMAGES)
    layer.localization.layers[frozen].trainable = False
    layer.localization.layers[frozen - 1].dtype_policy = "mixed_bfloat16"
    copy = SpatialTransformer.from_config(layer.get_config())
    again = SpatialTransformer.from_config(copy.get_config())
    for each in (copy, again):
        each(IMAGES)
        found = [(part.trainable, part.dtype_policy.name) for part in each.localization.layers]
        expected = [(True, "float32")] * 3
        expected[frozen] = (False, "float32")
        expected[frozen - 1] = (True, "mixed_bfloat16")
        assert found == expected
        assert all(part.trainable for part in each.head._flatten_layers())


def test_a_copy_of_a_frozen_part_may_be_trained_again():
    layer = transformer()
    layer(IMAGES)
    layer.trainable = False
    assert copied(layer).trainable_weights == []
    layer.trainable = True
    layer.localization.trainable = False
    copy = copied(layer)
    assert copy.localization.trainable_weights == []
    assert len(copy.trainable_weights) == 2
    copy.localization.trainable = True
    assert len(copied(copy).trainable_weights) == 4
