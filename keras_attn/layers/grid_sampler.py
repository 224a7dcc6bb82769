import keras
from keras import ops

from keras_attn.layers.arguments import check_list_of_inputs
from keras_attn.ops.grid_sample import GridSample


@keras.saving.register_keras_serializable(package="keras_attn")
class GridSampler(keras.layers.Layer):
    """Samples feature maps where a grid says, `V_i = Σ_nm U_nm k(x_i - m) k(y_i - n)`.

    The sampler of a spatial transformer, for those who bring their own grid.

    | here | in the paper |
    | --- | --- |
    | feature map | `U` |
    | grid | source coordinates `(x_i, y_i)` |
    | `interpolation` | sampling kernel `k` |
    | output | `V` |

    Convention: see `keras_attn.ops.identity_grid`; the arguments mean what they mean in
    `keras_attn.ops.grid_sample`.

    Args:
        interpolation: `"bilinear"`, `"nearest"` or `"bicubic"`.
        padding_mode: what lies outside of the image: `"zeros"`, `"border"` or `"reflection"`.
        align_corners: whether -1 and 1 are the centres or the outer edges of the border pixels.
        antialias: whether to average over the input pixels that one output pixel covers, where the
            grid minifies.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default.

    Call arguments:
        inputs: a list `[feature_map, grid]`: the feature map `(batch, height, width, channels)`, or
            with a depth before the height; the grid `(batch, rows, columns, 2)` or, for several
            heads, `(batch, heads, rows, columns, 2)`; for volumes `(batch, planes, rows, columns,
            3)`.

    Returns:
        `(batch, rows, columns, channels)`, with the heads after the batch where the grid has them.

    Raises:
        ValueError: for an unknown option, at construction; for inputs that are not two, or whose
            shapes do not fit, at the call.

    Example:

    >>> images = np.ones((2, 28, 28, 1))
    >>> grid = keras_attn.ops.affine_grid(np.ones((2, 1, 1)) * np.eye(2, 3), (14, 14))
    >>> keras_attn.GridSampler(data_format="channels_last")([images, grid]).shape == (2, 14, 14, 1)
    True

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 3.3,
        https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        interpolation="bilinear",
        padding_mode="zeros",
        align_corners=False,
        antialias=False,
        data_format=None,
        **kwargs,
    ):
        # Half precision would misplace pixels: the grid is not rounded.
        super().__init__(**{"autocast": False, **kwargs})
        self.interpolation = interpolation
        self.padding_mode = padding_mode
        self.align_corners = align_corners
        self.antialias = antialias
        self.data_format = data_format or keras.config.image_data_format()
        self._sample = GridSample(
            interpolation, padding_mode, align_corners, self.data_format, antialias
        )

    def call(self, inputs):
        feature_map, grid = self._checked(inputs)
        return self._sample(ops.cast(feature_map, self.compute_dtype), grid)

    def compute_output_shape(self, input_shape):
        return self.compute_output_spec([keras.KerasTensor(shape) for shape in input_shape]).shape

    def compute_output_spec(self, inputs):
        feature_map, grid = self._checked(inputs)
        feature_map = keras.KerasTensor(feature_map.shape, dtype=self.compute_dtype)
        return self._sample.compute_output_spec(feature_map, grid)

    def _checked(self, inputs):
        check_list_of_inputs(inputs, "[feature_map, grid]", (2,))
        return inputs

    def get_config(self):
        return {
            **super().get_config(),
            "interpolation": self.interpolation,
            "padding_mode": self.padding_mode,
            "align_corners": self.align_corners,
            "antialias": self.antialias,
            "data_format": self.data_format,
        }
