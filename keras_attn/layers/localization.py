"""The localization network that a spatial transformer gets where its user brings none."""

import keras


def default_localization(axes, dense, dtype):
    """The paper's localiser: the map at half its size, two 5×5 convolutions, a dense layer.

    Args:
        axes: 2 for images, 3 for volumes; the network takes channels-last maps.
        dense: whether to end in 20 features; without, it ends in a map of 20 channels.
        dtype: the dtype policy of its layers.

    Returns:
        A `keras.Sequential` that takes maps of any size from one pixel up.

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, appendix A,
        https://arxiv.org/abs/1506.02025
    """
    convolution, max_pooling, average_pooling = (
        getattr(keras.layers, f"{name}{axes}D") for name in ("Conv", "MaxPooling", "AveragePooling")
    )
    common = {"padding": "same", "data_format": "channels_last", "dtype": dtype}
    layers = [
        average_pooling(2, name="downsampling", **common),
        convolution(20, 5, activation="relu", name="convolution_1", **common),
        max_pooling(2, name="pooling_1", **common),
        convolution(20, 5, activation="relu", name="convolution_2", **common),
    ]
    if dense:
        layers += [
            max_pooling(2, name="pooling_2", **common),
            keras.layers.Flatten(data_format="channels_last", dtype=dtype, name="flatten"),
            keras.layers.Dense(20, activation="relu", dtype=dtype, name="features"),
        ]
    return keras.Sequential(layers, name="localization")
