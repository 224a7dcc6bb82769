"""Default arguments are those of the papers."""

import inspect

import pytest

from keras_attn import DNCCell, LocalAttention, MANNCell, NTMCell
from keras_attn.applications import (
    AttentionSummarizer,
    EncoderDecoder,
    LuongTranslator,
    NeuralTuringMachine,
    RNNSearch,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
    StackedLSTM,
)
from keras_attn.layers.reward_baseline import RewardBaseline
from keras_attn.ops import semantic_sparsity_loss

pytestmark = pytest.mark.once

# Bahdanau et al., 2015, appendix A.2: n, m and l.
RNN_SEARCH = {"units": 1000, "embedding_units": 620, "maxout_units": 500}
# Graves et al., 2014, tables 1 to 3: memory of 128 × 20 and LSTMs of 256.
MEMORY = {"memory_locations": 128, "memory_width": 20}
ONE_HEAD_OF_EACH = {"num_read_heads": 1, "num_write_heads": 1, "shift_range": 1}
DEFAULTS = {
    RNNSearch: RNN_SEARCH,
    EncoderDecoder: RNN_SEARCH,
    # Luong et al., 2015, sections 3.2 and 4.1.
    LuongTranslator: {
        "units": 1000,
        "num_layers": 4,
        "dropout": 0.2,
        "window_radius": 10,
        "input_feeding": True,
        "reverse_source": True,
    },
    LocalAttention: {"window_radius": 10},
    # Rush et al., 2015: D, H, C and Q.
    AttentionSummarizer: {"embedding_units": 200, "units": 400, "context_size": 5, "smoothing": 2},
    StackedLSTM: {"units": 256, "num_layers": 3},
    NTMCell: {**MEMORY, **ONE_HEAD_OF_EACH},
    DNCCell: {"num_read_heads": 1},
    # Santoro et al., 2016, section 3.
    MANNCell: {
        "memory_locations": 128,
        "memory_width": 40,
        "num_read_heads": 4,
        "usage_decay": 0.99,
    },
    # Models that describe images.
    ShowAndTell: {"units": 512, "embedding_units": 512},
    ShowAttendTell: {
        "gate": "scalar",
        "doubly_stochastic_weight": 1.0,
        "estimator": "reinforce",
        "reward_weight": 1.0,
        "entropy_weight": 0.002,
        "expectation_rate": 0.5,
    },
    SemanticAttentionCaptioner: {"num_attributes": 10, "sparsity_weight": 1.0},
    RewardBaseline: {"momentum": 0.9, "entropy_weight": 0.002},
    semantic_sparsity_loss: {"p": 2.0, "q": 0.5},
}


@pytest.mark.parametrize("subject", DEFAULTS, ids=lambda subject: subject.__name__)
def test_defaults_are_those_of_the_paper(subject):
    parameters = inspect.signature(subject).parameters
    found = {name: parameters[name].default for name in DEFAULTS[subject]}
    assert found == DEFAULTS[subject]


def test_the_default_cell_is_that_of_the_paper():
    cell = NeuralTuringMachine(2, 3).machine.cell
    expected = {"units": 100, "controller": "lstm", **MEMORY, **ONE_HEAD_OF_EACH}
    config = cell.get_config()
    assert {name: config[name] for name in expected} == expected


def test_embeddings_are_as_wide_as_the_cells_by_default():
    model = LuongTranslator(10, 9, units=6, num_layers=1)
    assert model.source_embedding.output_dim == model.target_embedding.output_dim == 6
