"""Alignment layers, and the scores of some of them as functions of a query and a key."""

import numpy as np

from keras_attn import (
    BahdanauAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LuongAttention,
    MonotonicAttention,
    SemanticAttention,
    SpatialChannelAttention,
    VisualAttention,
)
from tests.backend import flat
from tests.conformance.case import randomise, weights_by_path
from tests.oracles import alignment as oracle

LAST = {"data_format": "channels_last"}
ALIGNMENT = {
    "bahdanau": lambda **options: BahdanauAttention(7, **options),
    "concat": lambda **options: LuongAttention("concat", units=7, **options),
    "coverage": lambda **options: CoverageAttention(7, **options),
    "local-m": lambda **options: LocalAttention(LuongAttention(), 1, "monotonic", **options),
    "local-p": lambda **options: LocalAttention(LuongAttention(), 2, units=7, **options),
    "monotonic": lambda **options: MonotonicAttention(BahdanauAttention(7), **options),
    "hard": lambda **options: HardAttention(BahdanauAttention(7), **options),
    "semantic": lambda **options: SemanticAttention(**options),
    "visual": lambda **options: VisualAttention(7, gate="scalar", **LAST, **options),
    "visual-hard": lambda **options: VisualAttention(7, "hard", **LAST, **options),
    "channels": lambda **options: SpatialChannelAttention(7, **LAST, **options),
}


def attend(layer, *inputs, **arguments):
    """Returns context, weights and the tensors of the state as arrays."""
    options = {"return_attention_scores": True, "return_state": True, **arguments}
    return flat(layer(list(inputs), **options))


def assert_close(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def enlarged_score(layer):
    """Triples the scale and the query's kernel of the score of a built hard `VisualAttention`.

    Returns:
        The score, a function of a query and a key in float64.
    """
    weights = weights_by_path(layer)
    scale, query_kernel, key_kernel, bias = (
        weights[f"choice/alignment/{path}"].astype("float64")
        for path in (
            "scale",
            "query_projection/kernel",
            "key_projection/kernel",
            "query_projection/bias",
        )
    )
    layer.attention.attention.scale.assign(3.0 * scale)
    layer.attention.attention.query_projection.kernel.assign(3.0 * query_kernel)
    return oracle.additive(3.0 * scale, 3.0 * query_kernel, key_kernel, bias)


def general():
    return LuongAttention("general", name="score")


def visual(**options):
    return VisualAttention(7, "hard", scale_initializer="ones", **options)


def made(make, **options):
    """Returns a built layer with random weights, and its score of a query and a key."""
    layer = make(seed=1, **options)
    layer.build([(2, 4, 3), (2, 5, 6)])
    randomise(layer)
    if isinstance(layer, VisualAttention):
        return layer, enlarged_score(layer)
    kernel = weights_by_path(layer)["score/query_projection/kernel"]
    return layer, oracle.bilinear(kernel.astype("float64"))


def numbers_of(draws):
    """The recorded numbers of a layer and of its sublayers, in the order of their drawing."""
    return [numbers for each in draws.values() for numbers in each]
