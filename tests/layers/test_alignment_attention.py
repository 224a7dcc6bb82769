"""Behavior of the base class of alignment layers: masks, one-step queries, cached keys, dropout."""

import keras
import numpy as np
import pytest

from keras_attn import (
    AlignmentAttention,
    BahdanauAttention,
    ContentAttention,
    LocationAttention,
    LuongAttention,
)
from tests.backend import BACKEND, TRAINS, gradients, to_numpy

MAKERS = {
    "bahdanau": lambda **arguments: BahdanauAttention(7, **arguments),
    "general": lambda **arguments: LuongAttention("general", **arguments),
    "concat": lambda **arguments: LuongAttention("concat", units=7, **arguments),
    "content": lambda **arguments: ContentAttention(**arguments),
    "location": lambda **arguments: LocationAttention(9, **arguments),
}
every_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture
def query(generator):
    return generator.normal(size=(2, 3, 4)).astype("float32")


def attend(layer, *inputs, **arguments):
    outputs = layer(list(inputs), return_attention_scores=True, **arguments)
    return tuple(to_numpy(output) for output in outputs)


@every_layer
def test_single_steps_equal_all_steps(make, query, value):
    layer = make()
    context, weights = attend(layer, query, value)
    for step in range(3):
        alone, looks = attend(layer, query[:, step], value)
        np.testing.assert_allclose(alone, context[:, step], atol=1e-5)
        np.testing.assert_allclose(looks, weights[:, step], atol=1e-5)


@every_layer
def test_keys_can_be_projected_once(make, query, value, generator):
    layer = make()
    key = generator.normal(size=(2, 5, 3)).astype("float32")
    expected = attend(layer, query, value, key)
    keys = layer.project_keys(keras.ops.convert_to_tensor(key))
    for found, wanted in zip(
        attend(layer, query, value, keys, keys_projected=True), expected, strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@every_layer
def test_masked_values_have_no_weight_and_masked_queries_no_context(make, query, value):
    layer = make()
    query_mask = np.array([[True, True, False], [True, False, True]])
    value_mask = np.array([[True, False, True, True, False], [False] * 5])
    context, weights = attend(layer, query, value, mask=[query_mask, value_mask])
    seen = query_mask[:, :, None] & value_mask[:, None, :]
    assert np.all(weights[~seen] == 0.0)
    np.testing.assert_allclose(weights[0, :2].sum(axis=-1), 1.0, atol=1e-6)
    assert np.all(context[0, 2] == 0.0)
    assert np.all(context[1] == 0.0)
    shorter, _ = attend(layer, query[:1], value[:1, :4][:, [0, 2, 3]])
    if not isinstance(layer, LocationAttention):  # which looks at positions
        np.testing.assert_allclose(context[:1, :2], shorter[:, :2], atol=1e-5)


@every_layer
def test_causal_masks_hide_later_values(make, query, value):
    layer = make()
    context, weights = attend(layer, query, value, use_causal_mask=True)
    assert np.all(weights[:, np.arange(3)[:, None] < np.arange(5)] == 0.0)
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(context[:, 0], value[:, 0], atol=1e-5)
    with pytest.raises(ValueError, match="`use_causal_mask` needs a query of several steps"):
        layer([query[:, 0], value], use_causal_mask=True)


def test_concatenation_has_as_many_units_as_the_query(query, value):
    layer = LuongAttention("concat")
    layer([query, value])
    assert layer.scale.shape == query.shape[-1:] != value.shape[-1:]


def test_the_gain_starts_at_one_over_the_root_of_the_units(query, value):
    layer = BahdanauAttention(16, normalize=True)
    layer([query, value])
    assert float(to_numpy(layer.gain)) == pytest.approx(0.25)


@pytest.mark.parametrize("size", [0.0, 1e-7, 1e-6, 1e-3, 1e10])
def test_the_normalised_scale_of_a_vector_of_any_length(size, query, value):
    """The epsilon of `1e-12` in the squared length has no effect for lengths above 1e-5."""
    layer = BahdanauAttention(7, normalize=True)
    layer([query, value])
    vector = size * np.linspace(-1.0, 2.0, 7)
    layer.scale.assign(vector)
    layer.gain.assign(3.0)
    expected = 3.0 * vector / np.sqrt(vector @ vector + 1e-12)
    np.testing.assert_allclose(to_numpy(layer.score_scale()), expected, rtol=1e-5, atol=1e-12)
    if TRAINS:
        _, slopes = gradients(lambda: layer.score_scale(), [], [layer.scale, layer.gain])
        assert all(np.all(np.isfinite(slope)) for slope in slopes)


@every_layer
def test_empty_memories_and_queries(make, query, value):
    if keras.backend.backend() == "openvino":
        pytest.skip("its runtime aborts on empty tensors")
    layer = make()
    layer([query, value])
    context, weights = attend(layer, query, value[:, :0])
    assert weights.shape == (2, 3, 0)
    np.testing.assert_array_equal(context, np.zeros((2, 3, 6)))
    context, weights = attend(layer, query[:, :0], value)
    assert context.shape == (2, 0, 6)
    assert weights.shape == (2, 0, 5)


@pytest.mark.training
@every_layer
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_rows_without_values_are_zero_in_half_precision(make, policy, query, value):
    layer = make(dtype=policy)
    masks = [None, np.zeros((2, 5), "bool")]
    layer([query, value])

    def run(query, value):
        return layer([query, value], mask=masks, return_attention_scores=True)

    assert all(np.all(to_numpy(output) == 0.0) for output in run(query, value))
    by_input, by_weight = gradients(run, [query, value], layer.trainable_variables)
    assert all(np.all(np.isfinite(gradient)) for gradient in by_input + by_weight)


@pytest.mark.training
@pytest.mark.parametrize("masked", [False, True])
def test_scores_that_half_precision_cannot_hold(masked):
    """Products of 128 numbers of 30, which are infinite in float16."""
    layer = LuongAttention("dot", dtype="mixed_float16")
    large, value = np.full((1, 3, 128), 30.0, "float32"), np.ones((1, 3, 4), "float32")
    mask = [None, np.array([[True, False, False]])] if masked else None
    layer([large, value, large])

    def run(*inputs):
        return layer(list(inputs), mask=mask, return_attention_scores=True)

    context, weights = map(to_numpy, run(large[:, :1], value, large))
    expected = [1.0, 0.0, 0.0] if masked else [1 / 3] * 3
    np.testing.assert_allclose(weights[0, 0], expected, atol=1e-3)
    np.testing.assert_allclose(context, 1.0, atol=1e-3)
    by_input, _ = gradients(run, [large[:, :1], value, large])
    assert all(np.all(np.isfinite(gradient)) for gradient in by_input)


def test_projected_keys_of_another_length_are_refused(query, value):
    layer = BahdanauAttention(7)
    layer([query, value])
    keys = layer.project_keys(keras.ops.convert_to_tensor(value))
    with pytest.raises(ValueError, match="`value` and `key` must have the same batch and length"):
        layer([query, value[:, :4], keys], keys_projected=True)


def test_the_base_class_has_no_score(query, value):
    with pytest.raises(NotImplementedError, match="AlignmentAttention has no `score`"):
        AlignmentAttention()([query, value])


def test_four_inputs_are_refused(query, value):
    with pytest.raises(ValueError, match=r"`inputs` must be a list .* Received: a list of 4"):
        BahdanauAttention(7)([query, value, value, value])


def test_masks_of_other_shapes_are_refused(query, value):
    with pytest.raises(ValueError, match=r"`mask` must be a list \[query_mask, value_mask\]"):
        BahdanauAttention(7)([query, value], mask=np.ones((2, 5), "bool"))
    with pytest.raises(ValueError, match="`value_mask` must be of shape"):
        BahdanauAttention(7)([query, value], mask=[None, np.ones((2, 4), "bool")])


def test_more_values_than_locations_are_refused(query, generator):
    longer = generator.normal(size=(2, 10, 6)).astype("float32")
    with pytest.raises(ValueError, match="`value` must have at most 9 positions"):
        LocationAttention(9)([query, longer])


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow has dynamic lengths in `fit`")
def test_a_dynamic_length_beyond_the_maximum_gives_nan():
    query, value = keras.Input((1, 4)), keras.Input((None, 6))
    model = keras.Model([query, value], LocationAttention(9)([query, value]))
    model.compile(jit_compile=True)

    def batches():
        for length in (7, 12):
            yield ((np.ones((3, 1, 4), "float32"), np.ones((3, length, 6), "float32")),)

    context = model.predict(batches(), steps=2, verbose=0)
    assert np.isfinite(context[:3]).all()
    assert np.isnan(context[3:]).all()


def test_masks_may_be_lists(query, value):
    mask, layer = [[True, True, False, True, False], [False] * 5], LuongAttention()
    listed, arrays = (attend(layer, query, value, mask=[None, m]) for m in (mask, np.array(mask)))
    for one, other in zip(listed, arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.all((listed[1] > 0.0) == np.array(mask)[:, None])
