"""Matrix products in full precision on TensorFlow, which rounds the factors on accelerators."""

import tensorflow as tf


def precise_matmul(left, right):
    """Equals `keras.ops.matmul`, with factors of float32 as they are."""
    if not tf.config.list_logical_devices("GPU"):
        return tf.matmul(left, right)
    # TensorFlow has no choice of precision for one product.
    product = tf.matmul(tf.cast(left, "float64"), tf.cast(right, "float64"))
    return tf.cast(product, right.dtype)
