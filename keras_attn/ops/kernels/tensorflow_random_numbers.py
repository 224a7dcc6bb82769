"""Random numbers on TensorFlow, by a named algorithm.

`keras.random` lets TensorFlow select one. Compiled by XLA for a CPU, what is selected takes thirty
times as long: a dropout of a million numbers 0.2 seconds.
"""

import keras
import tensorflow as tf

ALGORITHM = "philox"


def random_numbers(distribution, shape, dtype, seed):
    """Numbers from [0, 1) or from `N(0, 1)`, see `keras_attn.ops.random_numbers`.

    Args:
        distribution: `"uniform"` or `"normal"`.
        shape, dtype: of them.
        seed: an integer or a `keras.random.SeedGenerator`.
    """
    draw = {
        "uniform": tf.random.stateless_uniform,
        "normal": tf.random.stateless_normal,
    }[distribution]
    drawn = isinstance(seed, keras.random.SeedGenerator)
    two = seed.next() if drawn else tf.constant([seed, 0], "int64")
    # Keras counts in int64, and XLA draws from int32.
    two = tf.cast(tf.math.floormod(two, tf.int32.max), "int32")
    return draw(shape, two, dtype=dtype, alg=ALGORITHM)
