"""Arrays of different precision as arguments of one op."""

import numpy as np
import pytest

from keras_attn import ops
from tests.backend import flat
from tests.fuzz.operations import ADAPTED, OPS

SIZE = 3
TENSORS = {name: list(op.arrays(dict.fromkeys(op.axes(), SIZE), ())) for name, op in OPS.items()}
# Name of an op and of one of its tensors, or of all.
CALLS = [
    pytest.param(name, changed, id=f"{name}-{changed}")
    for name, tensors in TENSORS.items()
    for changed in [*tensors, *["all"] * (len(tensors) > 1)]
]
TOLERANCES = {"float64": 1e-5, "float16": 0.02}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("name", "changed"), CALLS)
def test_one_tensor_of_another_dtype(name, changed, dtype):
    op, function = OPS[name], ADAPTED.get(name) or getattr(ops, name)
    arrays = op.arrays(dict.fromkeys(op.axes(), SIZE), ("mask", "query_mask"))
    options = {option: values[0] for option, values in op.options.items()}
    expected = flat(function(**arrays, **options))
    for each, array in arrays.items():
        if changed in (each, "all") and array.dtype == "float32":
            arrays[each] = array.astype(dtype)
    tolerance = TOLERANCES[dtype]
    for one, other in zip(flat(function(**arrays, **options)), expected, strict=True):
        np.testing.assert_allclose(one.astype("float32"), other, atol=tolerance, rtol=tolerance)
