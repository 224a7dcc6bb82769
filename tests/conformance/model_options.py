"""Options of the applications: case → argument → value that changes the model."""

import keras
import numpy as np

from keras_attn import BahdanauAttention, NTMCell
from keras_attn.applications import AttributeDetector
from tests.conformance.option import Option, Unused

FIRST = "channels_first"
HALF = {"dtype": "mixed_bfloat16"}
SAVED = Unused("a file saves the weights, not the argument")


def images(*shape):
    return np.random.default_rng(4).uniform(size=shape).astype("float32")


def pooling(name, *more):
    """Returns a custom encoder without weights."""
    return keras.Sequential(
        [keras.layers.AveragePooling2D(4, data_format="channels_last"), *more], name=name
    )


def channels_first(size):
    """Returns the option `channels_first` for images of shape `(size, size, size)`."""
    return Option(FIRST, {"image_shape": (size,) * 3}, {"image": images(2, size, size, size)})


SPATIAL = {
    **HALF,
    "num_classes": 4,
    "transformation": "translation",
    "filters": (4, 5),
    "units": 16,
    "num_parameters": Option(30_000, {"units": None}),
    "data_format": Option(FIRST, {}),
}
CNN = {"backbone": "cnn", "image_shape": (24, 24, 2)}
TOKENS = {**HALF, "source_vocabulary": 11, "target_vocabulary": 10, "dropout": 0.5}
WIDTHS = {"units": 5, "embedding_units": 4}
RESET = {"reset_after": True}
FED = {"scheduled_sampling": True}
CAPTIONS = {
    **HALF,
    **WIDTHS,
    "image_shape": (3, 16, 16),
    "target_vocabulary": 10,
    "dropout": 0.25,
    "encoder": pooling("custom"),
    "encoder_weights": SAVED,
    "train_encoder": False,
    "data_format": FIRST,
}
CODES = {
    **HALF,
    "example_shape": (3, 5),
    "units": (5, 2),
    "activation": "sigmoid",
    "code_activation": "tanh",
    "output_activation": "linear",
    "sparsity": 0.1,
}

OPTIONS = {
    "SpatialTransformerClassifier-cnn": {
        **SPATIAL,
        "image_shape": (24, 24, 2),
        "backbone": "fcn",
        "num_heads": 2,
        "initialization": Option("tiling", {"num_heads": 2}),
        "output_size": (26, 24),
        "shared_localization": True,
        "scale_range": Option((0.5, 2.0), {"transformation": "similarity"}),
        "max_shift": 0.1,
        "control_points": Option((2, 3), {"transformation": "thin_plate_spline"}),
        "interpolation": "bicubic",
        "padding_mode": "border",
        "antialias": True,
    },
    "SpatialTransformerAddition": {
        **SPATIAL,
        "image_shape": (14, 12, 2),
        "filters": Option((4, 5), CNN),
        "backbone": Option("cnn", {"image_shape": (24, 24, 2)}),
        "num_heads": 3,
        "initialization": "tiling",
        "output_size": (10, 10),
        "antialias": True,
    },
    "DigitSequenceClassifier": {
        **HALF,
        "image_shape": (18, 16, 1),
        "max_length": 3,
        "num_classes": 9,
        "transformers": "multi",
        "transformation": "translation",
        "width": 0.08,
        "data_format": FIRST,
    },
    "InverseCompositionalClassifier": {
        **SPATIAL,
        "image_shape": (26, 24, 1),
        "transformation": "translation",
        "num_warps": 3,
        "data_format": channels_first(24),
        "padding_mode": "border",
    },
    "CoLocalizer": {
        **HALF,
        "image_shape": (16, 18, 1),
        "encoder": pooling("custom", keras.layers.Flatten()),
        "transformation": "translation",
        "crop_scale": 0.4,
        "scale_range": (0.6, 1.2),
        "output_size": (6, 6),
        "margin": 0.5,
        "padding_mode": Option("border", {"crop_scale": 0.99, "output_size": (64, 64)}),
        "seed": 3,
        "data_format": FIRST,
    },
    "RNNSearch": {
        **TOKENS,
        **WIDTHS,
        **RESET,
        **FED,
        "maxout_units": 3,
        "attention": BahdanauAttention(4, name="custom"),
    },
    "EncoderDecoder": {**TOKENS, **WIDTHS, **RESET, "maxout_units": 3, "bidirectional": True},
    "LuongTranslator-local": {
        **TOKENS,
        **WIDTHS,
        **FED,
        "num_layers": 1,
        "score": "concat",
        "window": "monotonic",
        "window_radius": 1,
        "attention": Option(BahdanauAttention(4, name="custom"), {"window": None}),
        "input_feeding": False,
        "reverse_source": False,
    },
    "AttentionSummarizer": {
        **TOKENS,
        **WIDTHS,
        "context_size": 2,
        "smoothing": 3,
        "encoder": "bag_of_words",
        "attention": BahdanauAttention(4, name="custom"),
    },
    "ShowAttendTell": {
        **CAPTIONS,
        "mode": "hard",
        "gate": "vector",
        "doubly_stochastic_weight": 0.25,
    },
    "ShowAttendTell-hard": {
        "estimator": "straight_through",
        "reward_weight": 0.5,
        "entropy_weight": 0.5,
        "reward_to_go": False,
        "expectation_rate": 1.0,
        "inference": "expectation",
        "seed": 3,
    },
    "AttributeDetector": {
        **{name: CAPTIONS[name] for name in CAPTIONS if name not in (*WIDTHS, "target_vocabulary")},
        "attributes": ["red", "star"],
    },
    "SemanticAttentionCaptioner": {
        **HALF,
        "detector": AttributeDetector((16, 12, 3), [4, 5, 6, 8], data_format="channels_last"),
        "target_vocabulary": 10,
        "units": 5,
        "num_attributes": 3,
        "sparsity_weight": 0.25,
        "dropout": 0.25,
    },
    "ShowAndTell": CAPTIONS,
    "NeuralTuringMachine": {
        **HALF,
        "input_channels": 2,
        "output_channels": 3,
        "cell": NTMCell(4, memory_locations=5, memory_width=3),
    },
    "StackedLSTM": {
        **HALF,
        "input_channels": 2,
        "output_channels": 3,
        "units": 5,
        "num_layers": 1,
    },
    "DRAW": {
        **HALF,
        "image_shape": (5, 5, 1),
        "steps": 2,
        "units": 5,
        "latent_units": 3,
        "read_size": 3,
        "write_size": 2,
        "likelihood": "gaussian",
        "stddev": Option(0.5, {"likelihood": "gaussian"}),
        "learn_initial_state": False,
        "beta": 2.0,
        "padding_mode": "zeros",
        "data_format": channels_first(5),
        "seed": 3,
    },
    "DRAWClassifier": {
        **HALF,
        "image_shape": (6, 5, 2),
        "num_classes": 4,
        "steps": 2,
        "units": 5,
        "read_size": 3,
        "padding_mode": "zeros",
        "data_format": channels_first(5),
    },
    "Autoencoder": CODES,
    "DenoisingAutoencoder": {**CODES, "corruption": "gaussian", "amount": 0.9, "seed": 3},
    "VariationalAutoencoder": {
        **HALF,
        "example_shape": (5, 5, 1),
        "latent_units": 3,
        "units": 5,
        "activation": "sigmoid",
        "likelihood": "gaussian",
        "stddev": Option(0.5, {"likelihood": "gaussian"}),
        "beta": 2.0,
        "seed": 3,
    },
}
