import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_attn")
class Coordinates(keras.layers.Layer):
    """Two more channels for a feature map: how far down and how far right each place lies.

    Convolutions alone know it only near the border, where they see the padding.

    Args:
        data_format: of the map.

    Call arguments:
        inputs: `(batch, height, width, channels)`, or with the channels first.

    Returns:
        The map with two more channels, in [-1, 1].

    Reference:
        Liu et al., "An Intriguing Failing of Convolutional Neural Networks and the CoordConv
        Solution", 2018, https://arxiv.org/abs/1807.03247
    """

    def __init__(self, data_format, **kwargs):
        super().__init__(**kwargs)
        self.data_format = data_format

    def call(self, inputs):
        channels = -1 if self.data_format == "channels_last" else 1
        first = 1 if self.data_format == "channels_last" else 2
        maps = [inputs]
        for axis in (first, first + 1):
            count = inputs.shape[axis]
            shape = [1, 1, 1, 1]
            shape[axis] = count
            line = ops.reshape(ops.linspace(-1.0, 1.0, count, dtype=inputs.dtype), shape)
            like = inputs[..., :1] if channels == -1 else inputs[:, :1]
            maps.append(ops.broadcast_to(line, ops.shape(like)))
        return ops.concatenate(maps, axis=channels)

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        shape[-1 if self.data_format == "channels_last" else 1] += 2
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}
