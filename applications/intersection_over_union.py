import numpy as np

from keras_attn.ops.checks import number_array


def intersection_over_union(boxes, others):
    """Computes the intersection over union of boxes, `|A ∩ B| / |A ∪ B|`, pair by pair.

    Args:
        boxes: array `(..., 4)` of `(x0, y0, x1, y1)`.
        others: array of the same shape, or one that broadcasts to it.

    Returns:
        A float array `(...)` in [0, 1]; 0 where both boxes are empty.

    Raises:
        ValueError: if the last axis of either is not 4, or for what is no array of numbers.

    Example:

    >>> found, true = [0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]
    >>> round(float(keras_attn.applications.intersection_over_union(found, true)), 2)
    0.33

    Reference:
        Jaccard, "The Distribution of the Flora in the Alpine Zone", 1912.
    """
    boxes = number_array("boxes", boxes).astype("float64")
    others = number_array("others", others).astype("float64")
    for name, array in (("boxes", boxes), ("others", others)):
        if array.ndim == 0 or array.shape[-1] != 4:
            raise ValueError(
                f"`{name}` must be of shape (..., 4). Received: {name} of shape {array.shape}"
            )
    start = np.maximum(boxes[..., :2], others[..., :2])
    end = np.minimum(boxes[..., 2:], others[..., 2:])
    intersection = np.prod(np.maximum(end - start, 0.0), axis=-1)
    union = _area(boxes) + _area(others) - intersection
    return intersection / np.where(union > 0, union, 1.0)


def _area(boxes):
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
