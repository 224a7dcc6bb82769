"""Loops over steps on TensorFlow."""

import tensorflow as tf

from keras_attn.ops.kernels.tensorflow_export import exports_to_onnx


def over_steps(function, sequences, state):
    """Equals `plain_over_steps`, for numbers of steps that are not known too."""
    steps = sequences[0].shape[1]
    if steps is None:
        steps = tf.shape(sequences[0])[1]
    moved = [_steps_first(sequence) for sequence in sequences]
    # The first step says how many outputs there are, and of what kind.
    outputs, after = function([sequence[0] for sequence in moved], state)
    shapes = [tensor.shape for tensor in after]
    arrays = [tf.TensorArray(output.dtype, steps, element_shape=output.shape) for output in outputs]
    # A loop of ONNX has to compute all outputs, so that the outputs of the step above are unused.
    first = 0 if exports_to_onnx() else 1
    if first:
        state = after
        arrays = [array.write(0, output) for array, output in zip(arrays, outputs, strict=True)]

    def body(step, arrays, state):
        for tensor, shape in zip(state, shapes, strict=True):
            tensor.set_shape(shape)
        outputs, state = function([sequence[step] for sequence in moved], state)
        written = [array.write(step, output) for array, output in zip(arrays, outputs, strict=True)]
        return step + 1, written, list(state)

    unknown = [tf.TensorShape([None] * len(shape)) for shape in shapes]
    _, arrays, state = tf.while_loop(
        lambda step, *_: step < steps,
        body,
        (tf.constant(first), arrays, list(state)),
        shape_invariants=(tf.TensorShape([]), [tf.TensorShape(None)] * len(arrays), unknown),
        # Without it XLA cannot tell how much a gradient has to keep.
        maximum_iterations=steps - first,
    )
    return [_steps_first(array.stack()) for array in arrays], state


def _steps_first(tensor):
    """Batch and steps exchanged."""
    return tf.transpose(tensor, [1, 0, *range(2, len(tensor.shape))])
