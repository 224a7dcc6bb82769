"""Gradients, `fit`, mixed precision and random numbers."""

import keras
import numpy as np
import pytest

from keras_attn import AlignmentAttention
from tests.backend import (
    BACKEND,
    TRAINS,
    differentiated,
    flat,
    gradients,
    is_float,
    outputs_and_gradients,
    to_numpy,
)
from tests.conformance.case import randomise
from tests.conformance.registry import CASES, LAYERS
from tests.conformance.selection import by_id, first_of_class, shared_cases

COMPILED = {case.id for case in first_of_class(CASES)}
# Layers that use the values only in the context.
DROPPING = [
    case
    for case in LAYERS
    if issubclass(case.layer, AlignmentAttention)
    and case.arguments.get("order", "spatial") == "spatial"
]


def assert_finite(arrays):
    for array in arrays:
        assert np.all(np.isfinite(array))


def values(model):
    return {
        weight.path: np.array(keras.ops.convert_to_numpy(weight))
        for weight in model.trainable_weights
    }


@pytest.mark.training
@by_id(shared_cases(CASES))
def test_every_weight_moves_in_fit(case):
    model = case.model(random=False)
    if not model.trainable_weights:
        pytest.skip("no weights to train")
    # TensorFlow compiles one case of each class and runs the others eagerly.
    eagerly = BACKEND == "tensorflow" and case.id not in COMPILED
    model.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=eagerly, **case.compile)
    before = values(model)
    x, y = case.fit_data(model)
    model.fit(x, y, batch_size=len(keras.tree.flatten(x)[0]), epochs=case.steps, verbose=0)
    after = values(model)
    assert_finite(after.values())
    stuck = [path for path in before if np.array_equal(before[path], after[path])]
    assert [path for path in stuck if not path.endswith(case.still or ("\0",))] == []


@pytest.mark.training
@by_id(shared_cases(LAYERS))
def test_mixed_precision(case):
    if BACKEND in case.no_half:
        pytest.skip(case.no_half[BACKEND])
    arrays = case.arrays()
    exact = flat(case.quickly(case.built(), arrays))
    for policy in ("mixed_float16", "mixed_bfloat16"):
        half = case.built(dtype=policy)
        compute = keras.DTypePolicy(policy).compute_dtype
        assert {weight.dtype for weight in half.weights if "float" in weight.dtype} <= {"float32"}
        outputs, by_input, by_weight = outputs_and_gradients(
            lambda *tensors, half=half: case.run(half, dict(zip(arrays, tensors, strict=True))),
            arrays.values(),
            half.trainable_variables,
        )
        for number, output in enumerate(outputs):
            dtype = keras.backend.standardize_dtype(output.dtype)
            if "float" in dtype:
                assert dtype == ("float32" if number in case.float32 else compute)
        for rough, wanted in zip(flat(outputs), exact, strict=True):
            assert_finite([rough])
            error = np.mean(np.abs(rough.astype("float32") - wanted))
            assert error <= case.half_tolerance * np.max(np.abs(wanted))
        assert_finite(by_input + by_weight)


@by_id(shared_cases([case for case in LAYERS if case.nasty]))
def test_nasty_inputs_give_finite_outputs_and_gradients(case):
    built = {}
    for label, inputs in case.nasty.items():
        nasty = case.with_(inputs={**case.inputs, **inputs})
        arrays = nasty.arrays()
        # Inputs of equal shapes share a layer and its compilation on JAX.
        shapes = tuple(array.shape for array in arrays.values())
        if shapes not in built:
            layer = nasty.built(random=False)
            built[shapes] = layer, layer.get_weights(), function_of(nasty, layer)
        layer, initial, function = built[shapes]
        for weights in ("initial", "random"):
            layer.set_weights(initial) if weights == "initial" else randomise(layer)
            outputs, *found = function(arrays)
            for each in (flat(outputs), *found):
                assert all(np.all(np.isfinite(array)) for array in each), (weights, label)


def function_of(case, layer):
    """Returns a function from arrays to outputs and, on training backends, gradients."""
    if not TRAINS:
        return lambda arrays: (case.quickly(layer, arrays),)
    run = differentiated(
        lambda *tensors: case.run(layer, dict(zip(case.inputs, tensors, strict=True))),
        [weight for weight in layer.weights if is_float(weight)],
    )
    return lambda arrays: run(arrays.values())


@pytest.mark.training
@by_id(shared_cases([case for case in LAYERS if case.mask]))
def test_masked_positions_get_no_gradient(case):
    layer, arrays, masks = case.built(), case.arrays(), case.masks()
    by_input, by_weight = gradients(
        lambda *tensors: case.run(layer, dict(zip(arrays, tensors, strict=True)), **masks),
        arrays.values(),
        layer.trainable_variables,
    )
    assert_finite(by_input + by_weight)
    for name, gradient in zip(arrays, by_input, strict=True):
        if name in case.mask:
            assert np.all(gradient[~np.asarray(case.mask[name], bool)] == 0.0)


@by_id([case for case in LAYERS if case.stochastic])
def test_the_same_seed_gives_the_same_draws(case):
    arrays = case.arrays()
    first, second = case.built(seed=5), case.built(seed=5)
    drawn = flat(case.run(first, arrays, training=True))
    again = flat(case.run(second, arrays, training=True))
    later = flat(case.run(second, arrays, training=True))
    for a, b in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(again, later, strict=True))


@pytest.mark.training
@by_id(shared_cases(DROPPING))
def test_a_weight_that_is_dropped_is_a_value_of_zero(case):
    """The values of the others grow; each query drops weights of its own."""
    query, value = list(case.arrays().values())[:2]
    case = case.with_(
        inputs={"query": query, "value": value, "key": value},
        call={"return_attention_scores": True, "training": True},
    )
    dropping, plain = case.built(dropout=0.4, seed=1), case.built(dropout=0.0)
    queries = query.shape[1] if query.ndim == 3 else 1
    noise = dropping.draw_noise(len(query), queries, int(np.prod(value.shape[1:-1])))
    kept = (to_numpy(noise[0]) >= 0.4) / 0.6
    assert 0.0 < np.mean(kept > 0.0) < 1.0
    arrays = case.arrays()
    call = {**case.call, "noise": noise}
    context, weights = flat(case.with_(call=call).quickly(dropping, arrays))
    call["noise"] = noise[1:]
    for step in range(queries):
        used = value * kept[:, step].reshape(*value.shape[:-1], 1)
        given = {**arrays, "value": used.astype("float32")}
        expected = flat(case.with_(call=call).quickly(plain, given))
        # The weights are those before any is dropped.
        for found, wanted in zip((context, weights), expected, strict=True):
            if query.ndim == 3:
                found, wanted = found[:, step], wanted[:, step]
            np.testing.assert_allclose(found, wanted, atol=case.tolerance, rtol=case.tolerance)
