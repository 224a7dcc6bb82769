"""Score of a hard `VisualAttention` with large weights, so that some places are rarely drawn."""

from tests.conformance.case import weights_by_path
from tests.oracles import alignment as oracle


def enlarged_score(layer):
    """Triples the scale and the query's kernel of the score of a built layer.

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
