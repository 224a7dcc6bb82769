"""The orders of its branches, the modulated map, masks, and the loop of a decoder."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import AttentionDecoder, SpatialChannelAttention
from tests.backend import BACKEND, flat, to_numpy
from tests.conformance.case import randomise, weights_by_path
from tests.oracles import alignment as oracle

ORDERS = ("channel_spatial", "spatial_channel", "spatial", "channel")
every_order = pytest.mark.parametrize("order", ORDERS)
# Places of the first example that are not masked, of 2 × 4; all of the second are masked.
SEEN = [0, 2, 5, 7]
MASK = np.zeros((2, 2, 4), "bool")
MASK.reshape(2, 8)[0, SEEN] = True


def built(order, query, feature_map, data_format="channels_last", **options):
    options = {"data_format": data_format, "scale_initializer": "ones", **options}
    layer = SpatialChannelAttention(7, order, **options)
    layer.build([query.shape, feature_map.shape])
    return randomise(layer)


@every_order
@pytest.mark.parametrize("rescale", [False, True], ids=["paper", "rescaled"])
def test_the_modulated_map_is_that_of_the_paper(order, rescale, query, feature_map):
    layer = built(order, query, feature_map, rescale=rescale)
    for mask, seen, examples in ((None, range(8), (0, 1)), ([None, MASK], SEEN, (0,))):
        found = layer.modulate([query, feature_map], mask=mask, return_attention_scores=True)
        modulated, spatial, channel = (None if each is None else to_numpy(each) for each in found)
        assert modulated.shape == (2, 3, 2, 4, 6)
        assert spatial.shape == (2, 3, 2, 4)
        assert (channel is None) == (order == "spatial")
        context = to_numpy(layer([query, feature_map], mask=mask))
        total = modulated.sum(axis=(2, 3))
        if rescale or order == "channel":
            total /= len(seen)
        for b, step in itertools.product(examples, range(3)):
            places = feature_map[b].reshape(8, 6).astype("float64")
            expected = oracle.spatial_channel(
                weights_by_path(layer), query[b, step], places, order, rescale, seen
            )
            np.testing.assert_allclose(modulated[b, step].reshape(8, 6), expected[2], atol=1e-5)
            for one, other in ((spatial, expected[0]), (channel, expected[1])):
                if other is not None:
                    np.testing.assert_allclose(one[b, step].ravel(), other, atol=1e-5)
            np.testing.assert_allclose(context[b, step], total[b, step], atol=1e-5)
    # Masked places have no weight, nor have channels where all places are masked.
    assert np.all(modulated[1] == 0.0)
    assert np.all(context[1] == 0.0)
    assert np.all(modulated[0][:, ~MASK[0]] == 0.0)
    assert channel is None or np.all(channel[1] == 0.0)


@every_order
def test_steps_with_projected_keys_equal_all_queries_at_once(order, query, feature_map):
    layer = built(order, query, feature_map)
    keys = layer.project_keys(feature_map)
    mask = [None, MASK]
    wanted = [
        *flat(layer([query, feature_map], mask=mask, return_attention_scores=True)),
        to_numpy(layer.modulate([query, feature_map], mask=mask)),
    ]
    for step in range(3):
        inputs = [query[:, step], feature_map, keys]
        found = [
            *flat(layer(inputs, mask=mask, keys_projected=True, return_attention_scores=True)),
            to_numpy(layer.modulate(inputs, mask=mask, keys_projected=True)),
        ]
        for one, every in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, every[:, step], atol=1e-5)


@every_order
def test_masks_of_a_query_leave_the_other_queries(order, query, feature_map):
    """Neither a masked query nor the places of later queries change an output."""
    places = feature_map.reshape(2, 8, 6)
    asked = np.array([[True, False, True], [True, True, True]])
    layer = built(order, query, places)
    whole = flat(
        layer(
            [query, places],
            mask=[asked, None],
            use_causal_mask=True,
            return_attention_scores=True,
        )
    )
    assert all(np.all(each[0, 1] == 0.0) for each in whole)
    first = flat(layer([query[:, 0], places[:, :1]], return_attention_scores=True))
    np.testing.assert_allclose(whole[0][:, 0], first[0], atol=1e-5)
    third = flat(layer([query[:, 2], places[:, :3]], return_attention_scores=True))
    np.testing.assert_allclose(whole[0][:, 2], third[0], atol=1e-5)
    np.testing.assert_allclose(whole[1][:, 2, :3], third[1], atol=1e-5)


def test_the_map_keeps_its_layout(query, feature_map):
    last = built("channel_spatial", query, feature_map)
    transposed = np.moveaxis(feature_map, -1, 1)
    first = built("channel_spatial", query, transposed, "channels_first")
    for given in (query, query[:, 0]):
        wanted = to_numpy(last.modulate([given, feature_map]))
        found = to_numpy(first.modulate([given, transposed]))
        np.testing.assert_allclose(np.moveaxis(found, -3, -1), wanted, atol=1e-6)
    places = feature_map.reshape(2, 8, 6)
    found = to_numpy(first.modulate([query, places]))
    np.testing.assert_allclose(found, wanted_of_places(last, query, places), atol=1e-6)


def wanted_of_places(layer, query, places):
    maps = places.reshape(2, 2, 4, 6)
    return to_numpy(layer.modulate([query, maps])).reshape(2, 3, 8, 6)


def test_modulate_builds_the_layer(query, feature_map):
    layer = SpatialChannelAttention(7, data_format="channels_last")
    assert layer.modulate([query, feature_map]).shape == (2, 3, 2, 4, 6)
    with pytest.raises(ValueError, match="`query` and `value` must have the same batch size"):
        layer.modulate([query, feature_map[:1]])
    with pytest.raises(ValueError, match="`value_mask` must be of shape"):
        layer.modulate([query, feature_map], mask=[None, np.ones((2, 4, 4), "bool")])


@every_order
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_many_places_and_channels_in_half_precision(order, policy, generator):
    """Weights of 1 / (196 · 512) are subnormal in float16."""
    query = generator.normal(size=(1, 5)).astype("float32")
    feature_map = np.abs(generator.normal(size=(1, 14, 14, 512))).astype("float32")
    for rescale in (False, True):
        full = built(order, query, feature_map, rescale=rescale)
        half = built(order, query, feature_map, rescale=rescale, dtype=policy)
        for one, other in (
            (half([query, feature_map]), full([query, feature_map])),
            (half.modulate([query, feature_map]), full.modulate([query, feature_map])),
        ):
            assert keras.backend.standardize_dtype(one.dtype) == half.compute_dtype
            rough, exact = to_numpy(one).astype("float32"), to_numpy(other)
            assert np.mean(np.abs(rough - exact)) <= 0.02 * np.mean(np.abs(exact))


def test_a_map_without_places(query):
    layer = built("channel_spatial", query, np.zeros((2, 2, 4, 6)))
    context, weights = flat(
        layer([query, np.zeros((2, 0, 6), "float32")], return_attention_scores=True)
    )
    assert weights.shape == (2, 3, 0)
    assert np.all(context == 0.0)


@pytest.mark.training
@pytest.mark.parametrize("order", ["channel_spatial", "spatial_channel"])
def test_in_a_decoder_that_is_compiled_saved_and_loaded(order, feature_map, generator, tmp_path):
    places = feature_map.reshape(2, 8, 6)
    words = generator.normal(size=(2, 3, 4)).astype("float32")
    inputs = [keras.Input((None, 4)), keras.Input((None, 6))]
    attention = SpatialChannelAttention(7, order, rescale=True, dropout=0.1, seed=1)
    decoder = AttentionDecoder(keras.layers.LSTMCell(5), attention, name="decoder")
    model = keras.Model(inputs, decoder(inputs, return_attention_scores=True))
    model.compile("adam", ["mse", "mse"], jit_compile=BACKEND != "torch")
    before = [to_numpy(weight) for weight in model.trainable_weights]
    targets = [np.ones((2, 3, 5), "float32"), np.eye(8, dtype="float32")[None, :3].repeat(2, 0)]
    model.fit([words, places], targets, epochs=2, verbose=0)
    for old, new in zip(before, model.trainable_weights, strict=True):
        assert np.all(np.isfinite(to_numpy(new)))
        assert not np.array_equal(old, to_numpy(new)), new.path
    model.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    found = [each.predict([words, places], verbose=0) for each in (loaded, model)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    mask = MASK.reshape(2, 8)
    prepared = decoder.prepare(places, mask)
    state = decoder.get_initial_state(prepared)
    masked = decoder([words, places], mask=[None, mask], return_contexts=True)
    for step in range(3):
        (output, context, _), state = decoder.step(
            ops.convert_to_tensor(words[:, step]), state, prepared
        )
        np.testing.assert_allclose(to_numpy(output), to_numpy(masked[0])[:, step], atol=1e-5)
        np.testing.assert_allclose(to_numpy(context), to_numpy(masked[1])[:, step], atol=1e-5)
