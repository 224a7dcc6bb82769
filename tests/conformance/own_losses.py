"""Cases of models that override `compute_loss`, or that have a layer with a loss of its own."""

from keras_attn import CoverageAttention
from tests.conformance.registry import MODELS

BASE_CLASSES = ("FunctionalModel", "GenerativeModel")


def has_own_loss(application):
    """True if an application overrides `compute_loss`."""
    return any(
        "compute_loss" in vars(base)
        for base in application.__mro__
        if "applications" in base.__module__ and base.__name__ not in BASE_CLASSES
    )


def with_added_loss(case):
    """Returns the case with an attention layer that adds a loss."""
    attention = CoverageAttention(4, loss_weight=1.0)
    arguments = {**case.arguments, "attention": attention, "dropout": 0.0}
    return case.with_(name="coverage-loss", arguments=arguments)


OWN_LOSS = [case for case in MODELS if has_own_loss(case.application)]
OWN_LOSS += [with_added_loss(case) for case in MODELS if case.name == "coverage"]
