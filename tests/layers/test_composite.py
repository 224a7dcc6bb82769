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
