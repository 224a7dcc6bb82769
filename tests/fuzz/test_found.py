"""Arguments and shapes that fuzzing has found to raise unclear errors, or to be accepted."""

import functools
import math

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn import datasets, decoding, losses, metrics, ops
from keras_attn.applications import (
    Autoencoder,
    DigitSequenceClassifier,
    EncoderDecoder,
    LuongTranslator,
    StackedLSTM,
)
from tests.backend import to_numpy

pytestmark = pytest.mark.once
CELL = {"memory_locations": 4, "memory_width": 3}
WEIGHTS = np.full((2, 3, 4), 0.25, "float32")
VECTORS = np.ones((2, 3, 4), "float32")
MATRICES = np.ones((3, 2, 3), "float32")
IMAGES = np.ones((2, 6, 6, 1), "float32")
WINDOW = ops.GaussianWindow(np.ones((2, 1)), *[np.ones(2)] * 4)


# Function of the value, and name of the argument.
NUMBERS = [
    (lambda value: keras_attn.BahdanauAttention(3, dropout=value), "dropout"),
    (lambda value: keras_attn.ContentAttention(strength=value), "strength"),
    (lambda value: keras_attn.CoverageAttention(3, loss_weight=value), "loss_weight"),
    (lambda value: keras_attn.MANNCell(3, usage_decay=value, **CELL), "usage_decay"),
    (lambda value: ops.clip_gradients([np.ones(2)], value), "limit"),
    (lambda value: ops.semantic_sparsity_loss(WEIGHTS, p=value), "p"),
    (lambda value: ops.semantic_sparsity_loss(WEIGHTS, q=value), "q"),
    (lambda value: ops.tile_transformations(2, value), "num_spatial_dims"),
    (lambda value: ops.least_used_weights(WEIGHTS[0], value), "count"),
    (lambda value: ops.window_box(WINDOW, value), "patch_size"),
    (lambda value: ops.gaussian_window(np.ones((2, 5)), value, 2), "image_size"),
    (lambda value: datasets.rotated(IMAGES, max_angle=value), "max_angle"),
    (lambda value: datasets.projected(IMAGES, sigma=value), "sigma"),
    (lambda value: datasets.projected(IMAGES, scale_range=value), "scale_range"),
    (lambda value: datasets.elastically_warped(IMAGES, control_shape=value), "control_shape"),
    (lambda value: losses.TokenCrossentropy(value if value != -1.0 else 0.5), "ignore_class"),
    (lambda value: Autoencoder((2,), sparsity=value), "sparsity"),
    (lambda value: LuongTranslator(5, 5, 3, dropout=value), "dropout"),
]
NO_NUMBERS = {
    "None": None,
    "word": "wrong",
    "nan": math.nan,
    "negative": -1.0,
    "tuple": (),
    "class": object,
}


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        pytest.param(make, name, value, id=f"{name}-{kind}")
        for make, name in NUMBERS
        for kind, value in NO_NUMBERS.items()
        if (name, value) != ("ignore_class", None)  # no padding
    ],
)
def test_a_value_that_is_no_number_in_range_is_refused(make, name, value):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        make(value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.attention_weights(VECTORS, np.ones((3, 4), "bool")[:2]), "`mask` must"),
        (lambda: ops.coverage_loss(WEIGHTS, np.ones((3, 2))), "`query_mask` must"),
        (lambda: ops.doubly_stochastic_loss(WEIGHTS, np.ones(2)), "`query_mask` must"),
        (lambda: ops.doubly_stochastic_loss(WEIGHTS, target=np.ones(3)), "`target` must"),
        (
            lambda: ops.doubly_stochastic_loss(WEIGHTS[..., :0], reduction="mean"),
            "`weights` must have a place",
        ),
        (lambda: ops.semantic_sparsity_loss(WEIGHTS, np.ones((2, 2))), "`query_mask` must"),
        (lambda: ops.content_scores(VECTORS, VECTORS, np.ones(2)), "`strength` must"),
        (lambda: ops.shift_weights(WEIGHTS, np.ones((2, 1, 3))), "`shift` must"),
        (lambda: ops.sharpen_weights(WEIGHTS, np.ones((1, 3))), "`sharpening` must"),
        (lambda: ops.interpolate_weights(WEIGHTS, WEIGHTS[:, :2], np.ones((2, 3))), "`previous`"),
        (lambda: ops.monotonic_weights(*np.zeros((2, 2, 3)), np.zeros((2, 4))), "`previous` must"),
        (lambda: ops.gaussian_kl_divergence(np.ones(3), np.ones(2)), "`log_stddev` must"),
        (lambda: ops.bernoulli_log_probability(1.0, 1.0), "`value` must"),
        (lambda: ops.reinforce_loss(np.ones(2), np.ones(2), np.ones(3)), "`baseline` must"),
        (
            lambda: ops.reinforce_loss(np.ones(2), np.ones(2), entropy=np.ones(3)),
            "`entropy` must",
        ),
        (lambda: ops.flow_grid(np.ones((2, 0, 3, 2))), "`flow` must"),
        (lambda: ops.flow_grid(1.0), "`flow` must"),
        (lambda: ops.identity_grid((2, 3), dtype="wrong"), "`dtype` must"),
        (lambda: ops.compose_transformations(MATRICES, MATRICES[:2]), "`first` and `second`"),
        (lambda: ops.transformation_matrix(np.ones(4), {}), "`transformation` must"),
        (lambda: ops.read_patch(IMAGES[:, :0, :0], *[np.ones((2, 1, 0))] * 2), "`image` must"),
        (lambda: ops.window_box(WINDOW, 2), "`window` must"),
        (
            lambda: ops.address_memory(
                np.ones((1, 1, 2)),
                *[np.ones((1, 1))] * 2,
                np.ones((1, 1, 1)),
                np.ones((1, 1)),
                np.ones((1, 0, 2)),
                np.ones((1, 1, 0)),
            ),
            "`memory` must have a location",
        ),
        (lambda: ops.thin_plate_spline_grid(np.ones((4, 2)), (2, 3), "ab"), "`control_points`"),
        (lambda: losses.TokenCrossentropy()(np.ones((1, 1)), np.ones((1, 1, 0))), "`y_pred`"),
        (lambda: metrics.BitError()(np.ones((1, 1, 0)), np.ones((1, 1, 0))), "`y_true` and"),
        (lambda: metrics.bleu(["a"], ["a"], tokenize="wrong"), "`tokenize` must"),
        (lambda: metrics.rouge(["a"], ["a"], kinds=("wrong",)), "`kinds` must"),
        (lambda: metrics.pointing_accuracy([None], [{}]), "`alignments` must"),
        (lambda: datasets.SequencePairs(None, None), "`sources` must"),
        (lambda: datasets.ImageCaptions(IMAGES, [[[3]], 1]), "`captions` must"),
        (lambda: datasets.caption_attributes([1]), "`captions` must"),
        (lambda: datasets.described_scenes(num_scenes=1, digits="wrong"), "`digits` must"),
        (lambda: datasets.translated(IMAGES, size=1), "`size` must be at least as large"),
        (lambda: datasets.BinarizedImages(IMAGES[:0]), "`images` must hold at least one"),
        (
            lambda: datasets.co_localization(IMAGES[:, :5, :5], np.ones(2, "int32"), 1, 1),
            "`images` must be of 6x6 pixels",
        ),
        (
            lambda: datasets.digit_sequences(IMAGES, np.ones(2, "int32"), blank="wrong"),
            "`blank` must",
        ),
        (
            lambda: keras_attn.BahdanauAttention(3)([VECTORS, VECTORS[..., :0]]),
            "`query`, `value` and `key` must be of a positive width",
        ),
        (
            lambda: keras_attn.VisualAttention(3)([VECTORS, np.ones((2, 4))]),
            "`annotations` must",
        ),
        (
            lambda: keras_attn.DRAWRead(2, data_format="channels_last")(
                [IMAGES, IMAGES[:1], np.ones((2, 3))]
            ),
            "`inputs` must",
        ),
        (
            lambda: keras_attn.SpatialTransformer(data_format="channels_last")(IMAGES[:, :0]),
            "`feature_map` must",
        ),
        (
            lambda: keras_attn.SpatialTransformer(
                keras.layers.Flatten(), transformation="flow", data_format="channels_last"
            )(IMAGES),
            "`localization` does not fit",
        ),
        (
            lambda: DigitSequenceClassifier((16, 16, 1), width=1e30),
            "`width` must be positive, and at most 100",
        ),
        (lambda: StackedLSTM(3, 2, 2, 1)(np.ones((2, 4, 1))), "`sequences` must be of shape"),
        (
            lambda: keras_attn.AttentionDecoder(
                keras.layers.GRUCell(3), keras_attn.BahdanauAttention(3)
            )([VECTORS, VECTORS[..., :0]]),
            "`inputs` and memory must",
        ),
        (
            lambda: EncoderDecoder(5, 5, 3, 3, 3)([np.ones((2, 3)), np.ones((3, 3))]),
            "`source`, `target` must",
        ),
    ],
)
def test_shapes_and_types_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def step(tokens, state, constants):
    return keras.ops.one_hot(tokens, 4), state


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_id": None}, "`start_id` must be an integer"),
        ({"pad_id": None}, "`pad_id` must be an integer"),
        ({"suppress_tokens": None}, "`suppress_tokens` must"),
        ({"suppress_tokens": [[]]}, "`suppress_tokens` must"),
        ({"suppress_tokens": "3"}, "`suppress_tokens` must"),
        ({"constants": np.ones((3, 1))}, "`constants` must"),
        ({"memory_mask": np.ones((3, 4), "bool")}, "`memory_mask` must have a row"),
        ({"length_penalty": "wrong"}, "`length_penalty` must"),
        ({"step": lambda *_: (np.ones((2, 4, 1)), np.ones((2, 1)))}, "`step` must return logits"),
    ],
)
def test_a_search_refuses(arguments, message):
    arguments = {"step": step, "start_id": 0, **arguments}
    with pytest.raises(ValueError, match=message):
        decoding.beam_search(
            state=np.ones((2, 1)), end_id=2, max_length=3, num_beams=1, **arguments
        )


def test_unscattered_images_may_be_smaller_than_crops():
    images, labels = IMAGES[:, :3, :3], np.ones(2, "int32")
    scenes, _ = datasets.co_localization(images, labels, 1, 2, clutter=False, size=8)
    np.testing.assert_array_equal(scenes.sum(axis=(1, 2, 3)), [9, 9])


def test_a_number_of_heads_may_be_of_numpy():
    layer = keras_attn.SpatialTransformer(num_heads=np.int64(2), data_format="channels_last")
    assert tuple(layer(IMAGES).shape) == (2, 2, 6, 6, 1)


def test_empty_axes_give_empty_results():
    none = np.ones((0, 3, 3), "float32")
    assert tuple(ops.projective_grid(none, (2, 3)).shape) == (0, 2, 3, 2)
    assert tuple(ops.invert_transformations(none).shape) == (0, 3, 3)
    assert tuple(ops.allocation_weights(np.ones((2, 0))).shape) == (2, 0)
    scores = ops.dot_scores(np.ones((1, 2, 0)), np.ones((1, 3, 0)), scale=True)
    np.testing.assert_array_equal(to_numpy(scores), np.zeros((1, 2, 3)))
    kept = ops.retention_vector(np.ones((2, 0)), np.ones((2, 0, 3)))
    np.testing.assert_array_equal(to_numpy(kept), np.ones((2, 3)))


def test_a_flag_may_be_a_number():
    images = np.arange(24, dtype="float32").reshape(1, 4, 6, 1)
    grid = np.full((1, 1, 1, 2), 0.4, "float32")
    sample = functools.partial(ops.grid_sample, images, grid, data_format="channels_last")
    found = [to_numpy(sample(align_corners=flag)).item() for flag in (0, False, 1, True)]
    # Rows and columns 2.3 and 3.7, or 2.1 and 3.5 with aligned corners.
    np.testing.assert_allclose(found, [17.5, 17.5, 16.1, 16.1], rtol=1e-5)
