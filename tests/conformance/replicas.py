"""Program for a subprocess: trains models on one and on two replicas of TensorFlow.

    KERAS_BACKEND=tensorflow python -m tests.conformance.replicas

Writes a line of JSON for each model: the id of the case, the largest difference of the histories,
the largest difference of the trained weights, and the largest change of a weight by the training.
"""

import json

import keras
import numpy as np
import tensorflow as tf


def draw_equally(name):
    """Makes every replica draw the same random numbers."""
    draw = getattr(tf.random, name)
    setattr(tf.random, name, lambda shape, seed, **options: draw(shape, [1, 2], **options))


def flat_weights(model):
    return np.concatenate([np.ravel(each) for each in model.get_weights()])


def train(case, replicas):
    """Trains the model of a case for a step with the data of the case, once for each replica.

    Returns:
        Arrays of the values in the history, of the weights, and of their changes.
    """
    # The default reduction mixes up the gradients of several models in one process.
    strategy = tf.distribute.MirroredStrategy(
        [f"CPU:{i}" for i in range(replicas)], tf.distribute.ReductionToOneDevice()
    )
    with strategy.scope():
        model = case.model()
        model.compile(keras.optimizers.SGD(1e-3), jit_compile=False, **case.compile)
    before = flat_weights(model)
    # `map_structure` takes `None`, for no targets, as a leaf.
    x, y = keras.tree.map_structure(
        lambda each: None if each is None else np.concatenate([each] * replicas),
        case.fit_data(model),
    )
    count = len(keras.tree.flatten(x)[0])
    history = model.fit(x, y, batch_size=count, shuffle=False, verbose=0).history
    after = flat_weights(model)
    return np.array([value[0] for value in history.values()]), after, after - before


def difference(first, second):
    return float(np.max(np.abs(first - second)))


def main():
    device = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
    # Cases contain layers with weights, and the first weight fixes the devices.
    from tests.conformance.own_losses import OWN_LOSS
    from tests.conformance.selection import first_of_class

    for name in ("stateless_uniform", "stateless_normal"):
        draw_equally(name)
    for case in first_of_class(OWN_LOSS):
        (history, weights, change), (history_of_two, weights_of_two, _) = (
            train(case, replicas) for replicas in (1, 2)
        )
        differences = difference(history, history_of_two), difference(weights, weights_of_two)
        print(json.dumps([case.id, *differences, float(np.max(np.abs(change)))]), flush=True)


if __name__ == "__main__":
    main()
