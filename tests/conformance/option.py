"""Entries of `options` in a case: values of constructor arguments other than the default."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Option:
    """Value of a constructor argument other than the default.

    Args:
        value: Value of the argument.
        required: Dictionary of further arguments, without which this argument has no effect.
        inputs: Dictionary of inputs that replace those of the case.
        targets: Targets of `fit` that replace those of the case.
        coupled: Dictionary of arguments that have to change together with this argument.
    """

    value: Any
    required: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    targets: Any = None
    coupled: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unused:
    """Marks an argument without effect in a class.

    Args:
        reason: String, why the class has the argument.
        value: Value other than the default, for the test of the config; `None` if the config lacks
            the argument.
    """

    reason: str
    value: Any = None
