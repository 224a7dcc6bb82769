"""Options of the layers: case → constructor argument → value that changes the layer."""

import keras

from keras_attn import BahdanauAttention, CoverageAttention, DNCCell, NTMCell
from tests.conformance.option import Option, Unused
from tests.conformance.spatial_sampling import uniform

FIRST = "channels_first"
NO_BIAS = Unused("for layers with a bias", "ones")
NO_KERNEL = Unused("for layers with a projection", "ones")
NO_REGULARIZER = Unused(NO_KERNEL.reason, "l2")
DROPS = {"dropout": 0.5, "seed": Option(3, {"dropout": 0.5})}
KERNEL = {"kernel_initializer": "ones", "kernel_regularizer": "l2"}
DENSE = {**KERNEL, "bias_initializer": "ones"}
WRAPPER = {
    **DROPS,
    "kernel_initializer": NO_KERNEL,
    "bias_initializer": NO_BIAS,
    "kernel_regularizer": NO_REGULARIZER,
}
ADDITIVE = {
    **DROPS,
    **KERNEL,
    "units": 5,
    "use_bias": True,
    "normalize": True,
    "scale_initializer": "zeros",
    "bias_initializer": Option("ones", {"use_bias": True}),
}
VISUAL = {
    **DROPS,
    **KERNEL,
    "units": 5,
    "scale_initializer": "zeros",
    "bias_initializer": "ones",
}
HARD = {"mode": "hard"}
ESTIMATES = {
    "estimator": "reinforce",
    "temperature": 0.7,
    "expectation_rate": 0.5,
    "inference": "expectation",
}
SPATIAL = {
    "interpolation": "nearest",
    "padding_mode": "border",
    "align_corners": True,
    "antialias": True,
    "data_format": FIRST,
}
TRANSFORMATION = {
    "transformation": "translation",
    "num_heads": 2,
    "initialization": Option("tiling", {"num_heads": 2}),
    "scale_range": Option((0.5, 2.0), {"transformation": "similarity"}),
    "max_shift": 0.5,
    "control_points": Option((2, 3), {"transformation": "thin_plate_spline"}),
}
MEMORY = {
    **DENSE,
    "units": 4,
    "memory_locations": 5,
    "memory_width": 3,
    "memory_initializer": "ones",
    "learn_memory": True,
    "clip": 0.01,
    "gradient_clip": 1e-6,
}


def conditional(value, **required):
    """Returns an option that requires other arguments."""
    return Option(value, required)


@keras.saving.register_keras_serializable(package="keras_attn_tests")
def sample_first(output, context, inputs, chance):
    """Next input of a decoder, a function of its output."""
    return output[:, : inputs.shape[-1]] + chance[:, None]


OPTIONS = {
    "GridGenerator": {
        "transformation": Option(
            "flow",
            {"transformation": "thin_plate_spline", "control_points": (2, 2)},
            {"theta": uniform(2, 3, 4, 2)},
            coupled={"output_size": None},
        ),
        "output_size": (4, 5),
        "control_points": Option(
            (3, 4),
            {"transformation": "thin_plate_spline", "control_points": (2, 6)},
            {"theta": uniform(2, 12, 2)},
        ),
        "inverse": True,
        "align_corners": True,
    },
    "GridSampler": SPATIAL,
    "TransformationHead": {
        **TRANSFORMATION,
        "num_spatial_dims": 3,
        "output_size": Option(
            (3, 4), {"transformation": "flow", "output_size": (4, 5)}, {"features": (2, 5, 6, 2)}
        ),
        "projection": Option(False, {}, {"features": (2, 6)}),
        "align_corners": Option(
            True,
            {
                "transformation": "flow",
                "output_size": (4, 5),
                "num_heads": 2,
                "initialization": "tiling",
            },
            {"features": (2, 5, 6, 2)},
        ),
    },
    "SpatialTransformer": {
        **TRANSFORMATION,
        **SPATIAL,
        "localization": keras.layers.Flatten(name="flatten"),
        "output_size": (4, 4),
        "projection": Option(
            False,
            {
                "localization": keras.Sequential(
                    [keras.layers.Flatten(), keras.layers.Dense(6)], name="localization"
                )
            },
        ),
    },
    "BahdanauAttention": ADDITIVE,
    "LuongAttention-general": {
        **DROPS,
        **KERNEL,
        "score": "concat",
        "units": Option(5, {"score": "concat"}),
        "use_scale": True,
        "bias_initializer": NO_BIAS,
    },
    "ContentAttention": {
        **DROPS,
        **KERNEL,
        "strength": 0.5,
        "project_query": Option(False, {}, {"query": (2, 3, 6)}),
        "bias_initializer": NO_BIAS,
    },
    "LocationAttention": {
        **DROPS,
        **KERNEL,
        "max_length": 7,
        "bias_initializer": NO_BIAS,
    },
    "CoverageAttention": {**ADDITIVE, "loss_weight": 0.5},
    "LocalAttention-predictive": {
        **DROPS,
        **KERNEL,
        "attention": BahdanauAttention(3, scale_initializer="ones"),
        "window_radius": 1,
        "alignment": Option("monotonic", {"units": None}),
        "units": 4,
        "bias_initializer": NO_BIAS,
    },
    "MonotonicAttention": {
        **WRAPPER,
        "attention": BahdanauAttention(3, scale_initializer="ones"),
        "mode": "hard",
        "hard_at_inference": True,
        "sigmoid_noise": 1.0,
        "score_bias": 0.5,
    },
    "HardAttention": {
        **WRAPPER,
        **ESTIMATES,
        "attention": BahdanauAttention(3, scale_initializer="ones"),
    },
    "SemanticAttention": {
        **DROPS,
        **KERNEL,
        "scale_initializer": "zeros",
        "bias_initializer": NO_BIAS,
    },
    "AttentionDecoder-before": {
        "cell": keras.layers.GRUCell(6, name="cell"),
        "attention": CoverageAttention(4, scale_initializer="ones", name="score"),
        "attend": "after",
        "attentional_units": conditional(4, attend="after"),
        "input_feeding": conditional(True, attend="after"),
        "sample_fn": sample_first,
        "seed": conditional(3, sample_fn=sample_first),
    },
    "AdaptiveAttention": {**ADDITIVE, "bias_initializer": Option("ones", {"use_bias": True})},
    "SentinelLSTMCell": {"units": 5},
    "VisualAttention": {
        **VISUAL,
        **{name: Option(value, HARD) for name, value in ESTIMATES.items()},
        "mode": "hard",
        "gate": "vector",
        "data_format": FIRST,
    },
    "SpatialChannelAttention-channel_spatial": {
        **VISUAL,
        "order": "spatial_channel",
        "rescale": True,
        "data_format": FIRST,
    },
    "NTMCell-heads": {"learn_memory": True},
    "NTMCell": {
        **{name: each for name, each in MEMORY.items() if name != "learn_memory"},
        "num_read_heads": 2,
        "num_write_heads": 2,
        "shift_range": 2,
        "controller": "gru",
        "addressing": "content",
        "weights_initializer": "ones",
    },
    "NTM": {"cell": NTMCell(4, memory_locations=5, memory_width=3)},
    "DNCCell-feedforward": {**MEMORY, "num_read_heads": 2, "controller": "gru"},
    "MANNCell": {"usage_decay": 0.5},
    "MANNCell-feedforward": {**MEMORY, "num_read_heads": 2, "controller": "gru"},
    "MemoryRNN": {"cell": DNCCell(4, memory_locations=5, memory_width=3)},
    "DRAWRead": {**DENSE, "patch_size": 2, "padding_mode": "zeros", "data_format": FIRST},
    "DRAWWrite": {
        **DENSE,
        "patch_size": 2,
        "image_shape": (4, 6, 2),
        "padding_mode": "zeros",
        "data_format": FIRST,
    },
    "WholeImageRead": {"data_format": Unused("for readers that sample", FIRST)},
    "WholeImageWrite": {**DENSE, "image_shape": (4, 6, 2), "data_format": FIRST},
}
