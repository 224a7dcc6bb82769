"""Default arguments of layers and of their calls, which change only together with this list."""

import inspect

import keras
import pytest

import keras_attn
from keras_attn.layers.draw_glimpses import DRAWGlimpses
from keras_attn.layers.draw_recurrence import DRAWRecurrence
from keras_attn.layers.gaussian_latent import GaussianLatent
from keras_attn.layers.image_window import ImageWindow
from keras_attn.layers.reward_baseline import RewardBaseline
from keras_attn.layers.whole_image_read import WholeImageRead
from keras_attn.layers.whole_image_write import WholeImageWrite
from tests.conformance.registry import LAYERS

pytestmark = pytest.mark.once

GLOROT = "glorot_uniform"
DENSE = {"kernel_initializer": GLOROT, "bias_initializer": "zeros", "kernel_regularizer": None}
ADDITIVE = {"use_bias": False, "normalize": False, "scale_initializer": GLOROT}
HARD = {
    "estimator": "straight_through",
    "temperature": None,
    "expectation_rate": 0.0,
    "inference": "argmax",
}
SAMPLING = {
    "interpolation": "bilinear",
    "padding_mode": "zeros",
    "align_corners": False,
    "antialias": False,
    "data_format": None,
}
REGRESSION = {
    "transformation": "affine",
    "num_heads": 1,
    "initialization": "identity",
    "scale_range": None,
    "max_shift": None,
    "control_points": (4, 4),
    "output_size": None,
    "projection": True,
    "align_corners": False,
}
MEMORY = {
    **DENSE,
    "memory_locations": 128,
    "controller": "lstm",
    "learn_memory": False,
    "clip": 20.0,
    "gradient_clip": 1e4,
}
WINDOW = {**DENSE, "padding_mode": "border", "data_format": None}
DEFAULTS = {
    "AlignmentAttention": {**DENSE, "dropout": 0.0, "seed": None},
    "BahdanauAttention": ADDITIVE,
    "AdaptiveAttention": ADDITIVE,
    "CoverageAttention": {**ADDITIVE, "loss_weight": 0.0},
    "LuongAttention": {"score": "general", "units": None, "use_scale": False},
    "ContentAttention": {"strength": 1.0, "project_query": True},
    "LocationAttention": {},
    "LocalAttention": {"window_radius": 10, "alignment": "predictive", "units": None},
    "MonotonicAttention": {
        "mode": "recursive",
        "hard_at_inference": False,
        "sigmoid_noise": 0.0,
        "score_bias": 0.0,
    },
    "HardAttention": HARD,
    "SemanticAttention": {"scale_initializer": "ones"},
    "VisualAttention": {
        **HARD,
        "mode": "soft",
        "gate": None,
        "data_format": None,
        "scale_initializer": GLOROT,
    },
    "SpatialChannelAttention": {
        "order": "channel_spatial",
        "rescale": False,
        "data_format": None,
        "scale_initializer": GLOROT,
    },
    "AttentionDecoder": {
        "attend": "before",
        "attentional_units": None,
        "input_feeding": False,
        "sample_fn": None,
        "seed": None,
    },
    "SentinelLSTMCell": {},
    "GridGenerator": {
        "transformation": "affine",
        "output_size": None,
        "control_points": (4, 4),
        "inverse": False,
        "align_corners": False,
    },
    "GridSampler": SAMPLING,
    "TransformationHead": {**REGRESSION, "num_spatial_dims": 2},
    "SpatialTransformer": {**SAMPLING, **REGRESSION, "localization": None},
    "NTMCell": {
        **MEMORY,
        "memory_width": 20,
        "num_read_heads": 1,
        "num_write_heads": 1,
        "shift_range": 1,
        "addressing": "content_and_location",
        "memory_initializer": None,
        "weights_initializer": None,
    },
    "DNCCell": {
        **MEMORY,
        "memory_width": 20,
        "num_read_heads": 1,
        "memory_initializer": "zeros",
    },
    "MANNCell": {
        **MEMORY,
        "memory_width": 40,
        "num_read_heads": 4,
        "usage_decay": 0.99,
        "memory_initializer": None,
    },
    "MemoryRNN": {},
    "NTM": {},
    "DRAWRead": WINDOW,
    "DRAWWrite": {},
    "ImageWindow": WINDOW,
    "WholeImageRead": {"data_format": None},
    "WholeImageWrite": {**DENSE, "data_format": None},
    "DRAWRecurrence": {"likelihood": "bernoulli", "learn_initial_state": True, "seed": None},
    "DRAWGlimpses": {},
    "GaussianLatent": {"seed": None},
    "RewardBaseline": {"momentum": 0.9, "entropy_weight": 0.002, "to_go": True},
}
PRIVATE = [DRAWGlimpses, DRAWRecurrence, GaussianLatent, ImageWindow, RewardBaseline]
CLASSES = [
    *(each for each in vars(keras_attn).values() if isinstance(each, type)),
    *PRIVATE,
]


def defaults(function):
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


@pytest.mark.parametrize("layer", CLASSES, ids=lambda layer: layer.__name__)
def test_arguments_have_the_listed_defaults(layer):
    assert defaults(layer.__init__) == DEFAULTS[layer.__name__]


def test_every_listed_class_exists():
    assert set(DEFAULTS) == {layer.__name__ for layer in CLASSES}


@pytest.mark.parametrize("layer", CLASSES, ids=lambda layer: layer.__name__)
def test_calls_return_and_change_nothing_unasked(layer):
    for name, value in defaults(layer.call).items():
        is_flag = name.startswith(("return_", "use_", "keys_"))
        expected = (False,) if is_flag else (None,)
        assert value in ((None, False) if name == "training" else expected), name


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_default_data_format_is_that_of_keras(data_format):
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(data_format)
    other = {"channels_last", "channels_first"} - {data_format}
    try:
        made = [
            (case.make(data_format=None), case.make(data_format=min(other)))
            for case in LAYERS
            if "data_format" in case.options or "data_format" in case.arguments
        ]
    finally:
        keras.config.set_image_data_format(before)
    assert {type(each) for each, _ in made} >= {WholeImageRead, WholeImageWrite}
    for default, given in made:
        assert (default.data_format, {given.data_format}) == (data_format, other)
        assert default.get_config()["data_format"] == data_format
