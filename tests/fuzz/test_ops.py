"""Ops with arbitrary shapes and options."""

import types

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_attn import ops
from tests.fuzz.operations import ADAPTED, OPS
from tests.fuzz.outcome import REFUSED, check_outputs, outcome
from tests.fuzz.strategies import (
    SIZES,
    changed_arrays,
    changed_options,
    changes,
    fuzzed,
    same_shapes,
)
from tests.public_names import public_objects

pytestmark = pytest.mark.once


def test_every_function_is_tested():
    functions = {
        name
        for name, found in public_objects("keras_attn.ops").items()
        if isinstance(found, types.FunctionType)
    }
    assert set(OPS) == functions


@pytest.mark.parametrize("name", OPS)
@fuzzed(12)
@given(st.data())
def test_ops_compute_what_they_declare_or_name_the_argument(name, data):
    op, function = OPS[name], ADAPTED.get(name) or getattr(ops, name)
    sizes = {axis: data.draw(st.sampled_from(SIZES), label=axis) for axis in op.axes()}
    kept = data.draw(st.sets(st.sampled_from(["mask", "query_mask"])))
    given_arrays = op.arrays(sizes, kept)
    arrays = (
        changed_arrays(given_arrays, data.draw(changes(given_arrays, scales=False)))
        if given_arrays
        else {}
    )
    options, valid = data.draw(changed_options(op.options, most=1))
    names = {*given_arrays, *options, "window"}
    outputs = outcome(lambda: function(**arrays, **options), names)
    valid = valid and same_shapes(arrays, given_arrays)
    if outputs is REFUSED:
        assert not (valid and all(sizes.values()) and op.is_possible(options)), "refused"
        return
    check_outputs(outputs)
    if valid:
        outputs = keras.tree.flatten(outputs)
        assert [tuple(output.shape) for output in outputs] == op.shapes(sizes)
        dtype = options.get("dtype") or "float32"
        if name == "tile_transformations":
            dtype = "float64"
        assert all(keras.backend.standardize_dtype(each.dtype) == dtype for each in outputs)
