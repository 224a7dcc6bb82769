"""The public names, which change only together with this list."""

import importlib
import tomllib
import types
from pathlib import Path

import pytest

from tests.public_names import PUBLIC_MODULES, public_objects

pytestmark = pytest.mark.once

NAMES = {
    "keras_attn": [
        "AdaptiveAttention",
        "AlignmentAttention",
        "AttentionDecoder",
        "BahdanauAttention",
        "ContentAttention",
        "CoverageAttention",
        "DNCCell",
        "DRAWRead",
        "DRAWWrite",
        "GridGenerator",
        "GridSampler",
        "HardAttention",
        "LocalAttention",
        "LocationAttention",
        "LuongAttention",
        "MANNCell",
        "MemoryRNN",
        "MonotonicAttention",
        "NTM",
        "NTMCell",
        "SemanticAttention",
        "SentinelLSTMCell",
        "SpatialChannelAttention",
        "SpatialTransformer",
        "TransformationHead",
        "VisualAttention",
        "WholeImageRead",
        "WholeImageWrite",
        "enable_step_compilation",
    ],
    "keras_attn.applications": [
        "AttentionSummarizer",
        "AttributeDetector",
        "Autoencoder",
        "CoLocalizer",
        "DRAW",
        "DRAWClassifier",
        "DenoisingAutoencoder",
        "DigitSequenceClassifier",
        "EncoderDecoder",
        "InverseCompositionalClassifier",
        "LuongTranslator",
        "NeuralTuringMachine",
        "RNNSearch",
        "SemanticAttentionCaptioner",
        "ShowAndTell",
        "ShowAttendTell",
        "SpatialTransformerAddition",
        "SpatialTransformerClassifier",
        "StackedLSTM",
        "VariationalAutoencoder",
        "intersection_over_union",
    ],
    "keras_attn.datasets": [
        "AssociativeRecallTask",
        "BinarizedImages",
        "CopyTask",
        "DescribedScenes",
        "DistortedDigits",
        "DynamicNGramsTask",
        "ImageCaptions",
        "ImageFiles",
        "MemoryTask",
        "PrioritySortTask",
        "RepeatCopyTask",
        "SequencePairs",
        "TextTokenizer",
        "binarized_mnist",
        "cached_features",
        "caption_attributes",
        "captioned_images",
        "cluttered",
        "co_localization",
        "coco_captions",
        "date_pairs",
        "described_scenes",
        "digit_pairs",
        "digit_sequences",
        "distort",
        "elastically_warped",
        "glyph_digits",
        "headline_pairs",
        "mnist",
        "parallel_text",
        "projected",
        "romanized_words",
        "rotated",
        "rotated_scaled_translated",
        "translated",
        "word_pairs",
    ],
    "keras_attn.decoding": [
        "Alignment",
        "Hypotheses",
        "ScheduledSampling",
        "beam_search",
        "greedy_search",
        "sample",
    ],
    "keras_attn.losses": ["TokenCrossentropy"],
    "keras_attn.metrics": [
        "BitError",
        "BitsPerSequence",
        "ExactMatch",
        "Perplexity",
        "SequenceError",
        "TextScore",
        "TokenAccuracy",
        "bleu",
        "pointing_accuracy",
        "rouge",
    ],
    "keras_attn.ops": [
        "GaussianWindow",
        "additive_scores",
        "address_memory",
        "affine_grid",
        "allocation_weights",
        "attention_weights",
        "bernoulli_log_probability",
        "clip_gradients",
        "compose_transformations",
        "concat_scores",
        "content_addressing",
        "content_scores",
        "coverage_loss",
        "dot_scores",
        "doubly_stochastic_loss",
        "flow_grid",
        "follow_links",
        "gaussian_filters",
        "gaussian_kl_divergence",
        "gaussian_log_probability",
        "gaussian_window",
        "general_scores",
        "grid_sample",
        "identity_grid",
        "interpolate_weights",
        "invert_transformations",
        "least_used_weights",
        "location_scores",
        "monotonic_weights",
        "precedence_weights",
        "projective_grid",
        "read_memory",
        "read_patch",
        "reinforce_loss",
        "retention_vector",
        "semantic_sparsity_loss",
        "sharpen_weights",
        "shift_weights",
        "temporal_links",
        "thin_plate_spline_grid",
        "tile_transformations",
        "transformation_matrix",
        "usage_vector",
        "window_box",
        "write_memory",
        "write_patch",
    ],
    "keras_attn.visualization": [
        "CaptionPictures",
        "MemoryPictures",
        "SpatialTransformerPictures",
        "alignment_page",
        "animate_canvases",
        "animate_caption",
        "animate_memory",
        "caption_page",
        "plot_alignment",
        "plot_by_length",
        "plot_canvases",
        "plot_caption",
        "plot_errors",
        "plot_images",
        "plot_learning_curves",
        "plot_memory_use",
        "plot_sequence_task",
        "plot_spatial_transformer",
    ],
}


@pytest.mark.parametrize("module_name", PUBLIC_MODULES)
def test_public_names_are_the_listed_ones(module_name):
    assert list(public_objects(module_name)) == NAMES[module_name]


@pytest.mark.parametrize("module_name", PUBLIC_MODULES)
def test_every_public_module_lists_its_names(module_name):
    module = importlib.import_module(module_name)
    exported = [
        name for name in module.__all__ if not isinstance(getattr(module, name), types.ModuleType)
    ]
    # As ruff sorts them: abbreviations first.
    assert exported == sorted(exported, key=lambda name: (not name.isupper(), name))


def test_the_version_is_that_of_the_project():
    import keras_attn

    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert keras_attn.__version__ == tomllib.loads(project)["project"]["version"]
