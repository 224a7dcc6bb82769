"""Building, symbolic shapes and dtypes, and batches and sequences of other lengths."""

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, specifications
from tests.conformance.calls import expected_outputs
from tests.conformance.registry import LAYERS, MODELS
from tests.conformance.selection import by_id, fewer_on_openvino, first_of_class

FIRST = {case.id for case in first_of_class(LAYERS)}


def symbols(case, shapes):
    return {
        name: keras.KerasTensor(shape, keras.backend.standardize_dtype(array.dtype))
        for (name, shape), array in zip(shapes.items(), case.arrays().values(), strict=True)
    }


def cut(array, axis, size):
    return np.take(array, range(size), axis=axis)


@by_id(LAYERS)
def test_build_from_shapes_makes_every_weight(case):
    layer = case.built(random=False)
    assert layer.built
    before = [weight.path for weight in layer.weights]
    outputs_of(case, layer)
    assert [weight.path for weight in layer.weights] == before, "the call made weights"
    assert len(set(before)) == len(before), "two weights of one path"


@by_id(LAYERS)
def test_build_takes_a_free_batch(case):
    layer = case.build(case.make(), case.free_shapes())
    shapes = [tuple(weight.shape) for weight in layer.weights]
    assert shapes == [tuple(weight.shape) for weight in case.built(random=False).weights]


@by_id(LAYERS)
@pytest.mark.parametrize("free", [False, True], ids=["fixed", "free"])
def test_symbolic_shapes_and_dtypes_are_the_real_ones(case, free):
    shapes = case.free_shapes() if free else case.shapes()
    layer = case.make()
    symbolic = keras.tree.flatten(case.run(layer, symbols(case, shapes)))
    real = outputs_of(case, layer)
    assert len(symbolic) == len(real)
    for number, (spec, output) in enumerate(zip(symbolic, real, strict=True)):
        assert spec.dtype == keras.backend.standardize_dtype(output.dtype)
        assert len(spec.shape) == len(output.shape)
        for axis, (expected, size) in enumerate(zip(spec.shape, output.shape, strict=True)):
            if axis == 0 and free and number not in case.whole:
                assert expected is None
            else:
                assert expected == size


@by_id(LAYERS)
def test_compute_output_shape(case):
    case, shapes = case.with_(call={}), case.shapes()
    layer = case.built()
    packed = case.pack(
        {f"{name}_shape": shape for name, shape in shapes.items()} if case.named else shapes
    )
    computed = (
        layer.compute_output_shape(**packed) if case.named else (layer.compute_output_shape(packed))
    )
    assert _shapes(computed) == [tuple(output.shape) for output in outputs_of(case, layer)]


def _shapes(shapes):
    """Flattens a structure of shapes to a list of shapes."""
    if all(isinstance(size, int) for size in shapes):
        return [tuple(shapes)]
    shapes = shapes.values() if isinstance(shapes, dict) else shapes
    return [each for shape in shapes for each in _shapes(shape)]


def outputs_of(case, layer):
    """Returns the outputs, or their shapes and dtypes, as a flat list."""
    arrays = case.arrays()

    def function(*tensors):
        return case.run(layer, dict(zip(arrays, tensors, strict=True)))

    tensors = [keras.ops.convert_to_tensor(array) for array in arrays.values()]
    return specifications(layer, function, tensors)


@by_id(fewer_on_openvino(LAYERS))
def test_each_example_is_treated_alone_in_batches_of_any_size(case):
    model = case.model()
    arrays = case.arrays()
    one = case.predict(model, {name: array[:1] for name, array in arrays.items()})
    batches = [case.predict(model, arrays), one]
    if case.id in FIRST:
        three = {name: np.concatenate([array[:1]] * 3) for name, array in arrays.items()}
        batches.append(case.predict(model, three))
    for number, outputs in enumerate(zip(*batches, strict=True)):
        if number in case.whole:
            continue
        for other in outputs[1:]:
            case.assert_close([other[-1:]], [outputs[0][:1]])


# On TensorFlow and JAX `test_free_sizes` compiles the calls with other lengths.
@pytest.mark.skipif(BACKEND in ("tensorflow", "jax"), reason="a part of another contract")
@by_id(fewer_on_openvino([case for case in LAYERS if case.variable]))
def test_outputs_of_other_lengths_are_those_of_the_independent_computation(case):
    model = case.model()
    layer = next(layer for layer in model.layers if isinstance(layer, type(case.make())))
    arrays = case.arrays()
    for name, axes in case.variable.items():
        for axis in axes:
            shorter = {**arrays, name: cut(arrays[name], axis, arrays[name].shape[axis] - 1)}
            found = case.predict(model, shorter)
            case.assert_close(found, expected_outputs(case, layer, shorter))


@by_id(MODELS)
def test_models_treat_each_example_alone(case):
    model = case.model()
    batch = case.predict(model)
    assert all(np.all(np.isfinite(output)) for output in batch)
    for number in (0, -1):
        arrays = {name: array[[number]] for name, array in case.arrays().items()}
        case.assert_close(case.predict(model, arrays), [output[[number]] for output in batch])
