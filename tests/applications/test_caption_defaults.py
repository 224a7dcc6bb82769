"""Default arguments of the models that describe images are those of the papers."""

import inspect

import pytest

from keras_attn.applications import SemanticAttentionCaptioner, ShowAndTell, ShowAttendTell
from keras_attn.layers.reward_baseline import RewardBaseline
from keras_attn.ops import semantic_sparsity_loss

pytestmark = pytest.mark.once

DEFAULTS = {
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
