"""Numbers at the ends of their ranges, and just beyond them."""

import math

import keras
import pytest

from keras_attn import (
    AttentionDecoder,
    BahdanauAttention,
    ContentAttention,
    CoverageAttention,
    GridGenerator,
    HardAttention,
    LuongAttention,
    MANNCell,
    MonotonicAttention,
    NTMCell,
    VisualAttention,
)
from keras_attn.layers.draw_glimpses import DRAWGlimpses
from keras_attn.layers.gaussian_latent import GaussianLatent, checked_likelihood
from keras_attn.layers.image_window import checked_patch, image_shape_argument
from keras_attn.layers.reward_baseline import RewardBaseline

pytestmark = pytest.mark.once

INFINITY, NAN = math.inf, math.nan


def hard(**options):
    return HardAttention(LuongAttention(), **options)


def monotonic(**options):
    return MonotonicAttention(LuongAttention(), **options)


def mann(**options):
    return MANNCell(3, **{"memory_locations": 4, "memory_width": 2, **options})


def ntm(**options):
    return NTMCell(3, **{"memory_locations": 5, "memory_width": 2, **options})


def decoder(**options):
    return AttentionDecoder(keras.layers.GRUCell(3), BahdanauAttention(3), **options)


def glimpses(**options):
    return DRAWGlimpses(None, **{"units": 3, "steps": 2, **options})


def checked_patch_size(patch_size):
    return checked_patch("patch_size", patch_size, (2, 4, 7), "channels_first")


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda **options: BahdanauAttention(3, **options), {"dropout": 0}),
        (lambda **options: BahdanauAttention(3, **options), {"dropout": 0.999}),
        (lambda **options: CoverageAttention(3, **options), {"loss_weight": 0.0}),
        (ContentAttention, {"strength": 1e-6}),
        (hard, {"expectation_rate": 0.0}),
        (hard, {"expectation_rate": 1.0}),
        (hard, {"temperature": 1e-3}),
        (monotonic, {"sigmoid_noise": 0.0}),
        (monotonic, {"score_bias": -4.0}),
        (mann, {"usage_decay": 0.0}),
        (mann, {"usage_decay": 1.0}),
        (mann, {"num_read_heads": 4}),
        (mann, {"clip": None, "gradient_clip": None}),
        (ntm, {"shift_range": 2}),
        (ntm, {"shift_range": 3, "addressing": "content"}),
        (RewardBaseline, {"momentum": 0.0}),
        (RewardBaseline, {"entropy_weight": -0.5}),
        (checked_patch_size, {"patch_size": 4}),
        (checked_patch_size, {"patch_size": None}),
    ],
)
def test_the_ends_of_a_range_are_accepted(make, options):
    made = make(**options)
    for name, value in options.items():
        if made is not None:
            assert getattr(made, name) == value


@pytest.mark.parametrize(
    ("make", "name", "values"),
    [
        (lambda **options: BahdanauAttention(3, **options), "dropout", (1, 1.0, -1e-6, NAN, None)),
        (lambda **options: CoverageAttention(3, **options), "loss_weight", (-1e-6, INFINITY, NAN)),
        (ContentAttention, "strength", (0.0, INFINITY, NAN)),
        (hard, "expectation_rate", (-1e-6, 1.0001, NAN)),
        (hard, "temperature", (0.0, INFINITY, NAN)),
        (monotonic, "sigmoid_noise", (-1e-6, INFINITY, NAN)),
        (monotonic, "score_bias", (INFINITY, -INFINITY, NAN)),
        (mann, "usage_decay", (-1e-6, 1.0001, NAN)),
        (mann, "num_read_heads", (5, 0)),
        (mann, "clip", (0, -1.0, NAN)),
        (mann, "gradient_clip", (0, -1.0, NAN)),
        (ntm, "shift_range", (3, 0)),
        (lambda **options: ntm(addressing="location", **options), "shift_range", (3,)),
        (RewardBaseline, "momentum", (1.0, -1e-6, NAN)),
        (RewardBaseline, "entropy_weight", (INFINITY, NAN)),
        (lambda **options: GridGenerator("flow", **options), "inverse", (True,)),
        (decoder, "sample_fn", (3, "layer")),
        (decoder, "attentional_units", (4, 0)),
        (lambda **options: decoder(attend="after", **options), "attentional_units", (0, 1.5)),
        (glimpses, "units", (0, 1.5, True)),
        (glimpses, "steps", (0, 1.5)),
        (lambda latent_units: GaussianLatent(latent_units), "latent_units", (0, 1.5)),
        (checked_likelihood, "likelihood", ("poisson", None)),
        (checked_patch_size, "patch_size", (5, 7, 0)),
        (image_shape_argument, "image_shape", ((4, 4), (1, 4, 4, 1), 4, (4, 0, 1), (4, 4, 1.5))),
        (lambda **options: VisualAttention(3, **options), "estimator", ("reinforce",)),
        (lambda **options: VisualAttention(3, **options), "temperature", (1.0,)),
        (lambda **options: VisualAttention(3, **options), "expectation_rate", (0.5,)),
        (lambda **options: VisualAttention(3, **options), "inference", ("expectation",)),
    ],
)
def test_numbers_beyond_their_range_are_refused(make, name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"`{name}`.* (must|needs|belongs?) .*Received: "):
            make(**{name: value})


def test_a_list_is_an_image_shape():
    assert image_shape_argument([4, 5, 1]) == (4, 5, 1)
