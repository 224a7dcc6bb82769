"""Keys that are not the values, given noise and states, windows and positions."""

import keras
import numpy as np
import pytest

from keras_attn import (
    AdaptiveAttention,
    BahdanauAttention,
    ContentAttention,
    CoverageAttention,
    LocalAttention,
    LocationAttention,
    LuongAttention,
    MonotonicAttention,
    SemanticAttention,
    VisualAttention,
)
from tests.backend import flat, to_numpy
from tests.conformance.case import randomise, weights_by_path
from tests.layers.scores import ALIGNMENT, assert_close, attend
from tests.oracles import alignment as oracle

LAST = {"data_format": "channels_last"}
REMEMBERING = ("coverage", "local-m", "monotonic", "hard", "visual-hard")


def makers(*names):
    return pytest.mark.parametrize("make", [ALIGNMENT[name] for name in names], ids=names)


@pytest.fixture
def query(generator):
    return generator.normal(size=(2, 3, 4)).astype("float32")


# === Keys ===


def test_semantic_attention_scales_the_values_and_scores_the_keys(query, value, generator):
    key = generator.normal(size=(2, 5, 3)).astype("float32")
    layer = SemanticAttention()
    layer.build([query.shape, value.shape, key.shape])
    layer.scale.assign(np.arange(1.0, 7.0))
    score = oracle.bilinear(to_numpy(layer.query_projection.kernel))
    _, weights = oracle.attend(score, query, key)
    assert_close(attend(layer, query, value, key), [weights @ value * np.arange(1.0, 7.0), weights])


def test_adaptive_attention_compares_the_sentinel_with_keys_of_any_width(value, generator):
    query, key = (generator.normal(size=size).astype("float32") for size in ((2, 3, 12), (2, 5, 3)))
    layer = AdaptiveAttention(7)
    layer.build([query.shape, value.shape, key.shape])
    randomise(layer)
    p = {name: each.astype("float64") for name, each in weights_by_path(layer).items()}
    hidden, sentinel = np.split(query, 2, axis=-1)
    of_query = (hidden @ p["query_projection/kernel"])[:, :, None]
    of_keys = np.concatenate(
        [
            np.repeat((key @ p["key_projection/kernel"])[:, None], 3, axis=1),
            (sentinel @ p["sentinel_projection/kernel"])[:, :, None],
        ],
        axis=2,
    )
    mass = np.exp(np.tanh(of_query + of_keys) @ p["scale"])
    mass /= mass.sum(axis=-1, keepdims=True)
    weights, rest = mass[..., :-1], mass[..., -1:]
    found = layer([query, value, key], return_attention_scores=True)
    assert_close(flat(found), [weights @ value + rest * sentinel, weights])
    with pytest.raises(ValueError, match="`query` must be twice as wide as `value`"):
        AdaptiveAttention(7)([query, key, value])


@pytest.mark.parametrize("gate", [None, "scalar", "vector"])
@pytest.mark.parametrize("rank", [3, 4])
def test_keys_may_be_a_map_of_another_depth(query, feature_map, rank, gate, generator):
    query = query[..., :4]
    key = generator.normal(size=(2, 2, 4, 3)).astype("float32")
    layer = VisualAttention(7, gate=gate, **LAST)
    layer.build([query.shape, feature_map.shape, key.shape])
    randomise(layer)
    p = weights_by_path(layer)
    score = oracle.additive(
        p["alignment/scale"],
        p["alignment/query_projection/kernel"],
        p["alignment/key_projection/kernel"],
        p["alignment/query_projection/bias"],
    )
    places = key.reshape(2, 8, 3)
    _, weights = oracle.attend(score, query, places)
    found = attend(layer, query, feature_map, key if rank == 4 else places)
    context = weights @ feature_map.reshape(2, 8, 6)
    if gate:
        kernel, bias = (p[f"gate_projection/{name}"] for name in ("kernel", "bias"))
        context = context / (1.0 + np.exp(-(query @ kernel + bias)))
    assert_close(found, [context, weights.reshape(2, 3, 2, 4)])


@makers("bahdanau", "concat", "coverage", "visual", "channels", "monotonic")
def test_weights_of_equal_shapes_start_at_different_numbers(make, value, generator):
    query = generator.normal(size=(2, 3, 6)).astype("float32")
    shared = keras.initializers.RandomNormal()
    layer = make(kernel_initializer=shared)
    layer.build([query.shape, value.shape])
    by_shape = {}
    for weight in map(to_numpy, layer.weights):
        if weight.ndim > 1:
            by_shape.setdefault(weight.shape, []).append(weight)
    assert any(len(group) > 1 for group in by_shape.values())
    for group in by_shape.values():
        for number, one in enumerate(group):
            assert not any(np.array_equal(one, other) for other in group[:number])


@pytest.mark.parametrize("kind", [BahdanauAttention, CoverageAttention, AdaptiveAttention])
def test_a_normalized_score_is_that_of_the_scaled_vector(kind, value, generator):
    query = generator.normal(size=(2, 3, 12)).astype("float32")
    layers = [kind(7, normalize=normalize, scale_initializer="ones") for normalize in (True, False)]
    for layer in layers:
        layer.build([query.shape, value.shape])
    normalized, plain = map(dict, (by_name(randomise(layer)) for layer in layers))
    for name, weight in plain.items():
        weight.assign(to_numpy(normalized[name]))
    vector = to_numpy(normalized["scale"])
    plain["scale"].assign(to_numpy(normalized["gain"]) * vector / np.linalg.norm(vector))
    assert_close(*(attend(layer, query, value) for layer in layers))


def by_name(layer):
    return [(weight.path.removeprefix(f"{layer.name}/"), weight) for weight in layer.weights]


# === Noise and states ===


@makers("bahdanau", "monotonic", "hard", "visual-hard")
def test_given_noise_has_no_effect_at_inference(make, query, value):
    options = {"dropout": 0.5, "seed": 1}
    layer = make(**options)
    expected = attend(layer, query, value)
    noise = layer.draw_noise(2, 3, 5)
    assert len(noise) >= 1
    for training in (False, None):
        assert_close(attend(layer, query, value, training=training, noise=noise), expected)
    drawn = attend(layer, query, value, training=True, noise=noise)
    assert not np.allclose(drawn[0], expected[0])


@makers(*REMEMBERING)
@pytest.mark.parametrize("dtype", ["float64", "int32", "float16"])
def test_states_of_another_dtype_are_cast(make, dtype, query, value):
    layer = make()
    first = [to_numpy(each) for each in layer.get_initial_state(2, 5)]
    assert {each.dtype.name for each in first} == {"float32"}
    expected = attend(layer, query, value, initial_state=first)
    found = attend(layer, query, value, initial_state=[each.astype(dtype) for each in first])
    assert [each.dtype.name for each in found] == ["float32"] * len(found)
    assert_close(found, expected)


@makers(*REMEMBERING)
def test_each_output_is_returned_on_request(make, query, value):
    layer = make()
    context, weights, *state = attend(layer, query, value)
    alone = layer([query, value])
    with_weights = layer([query, value], return_attention_scores=True)
    with_state = layer([query, value], return_state=True)
    assert_close(flat([alone]), [context])
    assert_close(flat(with_weights), [context, weights])
    assert_close(flat(with_state), [context, *state])
    inputs = [keras.KerasTensor(each.shape) for each in (query, value)]
    specs = layer(inputs, return_state=True)
    found = keras.tree.flatten(specs)
    assert [tuple(each.shape) for each in found] == [each.shape for each in (context, *state)]
    assert tuple(layer(inputs).shape) == context.shape


@makers(*ALIGNMENT)
@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_inputs_of_another_dtype_are_cast(make, dtype, generator):
    query, value = (generator.integers(-2, 3, size) for size in ((2, 3, 4), (2, 5, 6)))
    layer = make()
    expected = attend(layer, query.astype("float32"), value.astype("float32"))
    found = attend(layer, query.astype(dtype), value.astype(dtype))
    assert [each.dtype.name for each in found] == ["float32"] * len(found)
    assert_close(found, expected)


# === Windows and positions ===


def test_a_predicted_window_ends_with_the_last_value_that_is_not_masked(query, value):
    layer = LocalAttention(LuongAttention("general", name="score"), 2)
    layer.build([query.shape, value.shape])
    randomise(layer)
    # As many rows as the query is wide, by default.
    assert layer.position_projection.units == query.shape[-1] != value.shape[-1]
    p = weights_by_path(layer)
    score = oracle.bilinear(p["score/query_projection/kernel"])
    hidden = np.tanh(query @ p["position_projection/kernel"])
    share = 1.0 / (1.0 + np.exp(-(hidden @ p["position_scale/kernel"])[..., 0]))
    mask = np.array([[1, 1, 0, 1, 0], [0, 1, 0, 0, 0]], "bool")
    weights = np.zeros((2, 3, 5))
    for b, i in np.ndindex(2, 3):
        distance = np.arange(5) - share[b, i] * (4, 2)[b]
        seen = [j for j in range(5) if mask[b, j] and abs(distance[j]) <= 2.0]
        weights[b, i] = oracle.softmax([score(query[b, i], h) for h in value[b]], seen)
        weights[b, i] *= np.exp(-(distance**2) / 2.0)
    assert_close(attend(layer, query, value, mask=[None, mask]), [weights @ value, weights])


def test_a_monotonic_window_moves_at_masked_queries_too(query, value):
    layer = LocalAttention(LuongAttention(), 1, "monotonic")
    mask = np.array([[False, True, True], [True, False, True]])
    plain = attend(layer, query, value)
    found = attend(layer, query, value, mask=[mask, None])
    for one, other in zip(found[:2], plain[:2], strict=True):
        np.testing.assert_allclose(one, np.where(mask[..., None], other, 0.0), atol=1e-6)
    np.testing.assert_array_equal(found[2], plain[2])


def test_a_memory_may_be_as_long_as_the_longest(query, value):
    layer = LocationAttention(5)
    layer([query, value])
    weights = attend(layer, query, value)[1]
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-6)
    scores = query @ to_numpy(layer.kernel)
    expected = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    with pytest.raises(ValueError, match="`query` must be of width 4, with which the layer"):
        layer([query[..., :3], value])
    with pytest.raises(ValueError, match="`value` must have at most 5 positions"):
        layer([query, np.ones((2, 6, 6), "float32")])


def test_learned_numbers_start_at_their_arguments(query, value):
    content = ContentAttention(strength=2.5)
    monotonic = MonotonicAttention(LuongAttention(use_scale=True), score_bias=-1.5)
    semantic = SemanticAttention()
    for layer in (content, monotonic, semantic):
        layer([query, value])
    assert np.exp(to_numpy(content.log_strength)) == pytest.approx(2.5)
    assert float(to_numpy(monotonic.bias)) == -1.5
    assert float(to_numpy(monotonic.attention.gain)) == 1.0
    np.testing.assert_array_equal(to_numpy(semantic.scale), np.ones(6))
