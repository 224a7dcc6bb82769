"""Initializers and the regularizer of a layer apply to each of its projections."""

import keras
import numpy as np

from tests.backend import to_numpy
from tests.conformance.case import weights_by_path
from tests.conformance.option import Unused
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, fewer_on_openvino

# Classes in which these arguments have an effect, and their cases without a kernel.
PROJECTING = {
    case.subject
    for case in LAYERS
    if "kernel_regularizer" in case.options
    and not isinstance(case.options["kernel_regularizer"], Unused)
}
WITHOUT_KERNEL = {
    "LuongAttention-dot",
    "LuongAttention-scaled-dot",
    "ContentAttention-unprojected",
    "LocalAttention-monotonic",
}
PROJECTING_CASES = [
    case for case in LAYERS if case.subject in PROJECTING and case.id not in WITHOUT_KERNEL
]
# Sublayers that are arguments themselves, or have arguments of their own.
OTHERS = ("score/", "controller/")


@by_id(fewer_on_openvino(PROJECTING_CASES))
def test_projections_have_the_initializers_and_the_regularizer(case):
    layer = case.built(
        random=False,
        kernel_initializer=keras.initializers.Constant(0.25),
        bias_initializer=keras.initializers.Constant(0.5),
        kernel_regularizer=keras.regularizers.L2(0.3),
    )
    weights = {
        path: weight
        for path, weight in weights_by_path(layer).items()
        if not path.startswith(OTHERS)
    }
    kernels = [weight for path, weight in weights.items() if path.endswith("kernel")]
    biases = [weight for path, weight in weights.items() if path.endswith("/bias")]
    assert kernels
    assert all(np.all(kernel == 0.25) for kernel in kernels)
    assert all(np.all(bias == 0.5) for bias in biases)
    expected = sum(0.3 * np.sum(np.square(kernel)) for kernel in kernels)
    np.testing.assert_allclose(sum(map(to_numpy, layer.losses)), expected, rtol=1e-5)
