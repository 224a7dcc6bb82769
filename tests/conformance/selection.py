"""Selection of the cases that a contract runs with."""

import pytest

from tests.backend import ALL_CASES, BACKEND, runs_here


def by_id(cases):
    """Runs a test once for each case."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def first_of_class(cases):
    """Returns the first case of each class.

    For contracts of the class (saving, building, tracing) that spend their time on compilation.
    Contracts of numerical results take all cases.
    """
    return list({case.subject: case for case in reversed(cases)}.values())[::-1]


def shared(items):
    """Returns one half of the items on TensorFlow and the other on JAX; other backends take all.

    For contracts that spend their time on compilation: each item runs on two training backends.

    Args:
        items: List of cases or parameters of a test, which have an `id`. The id chooses the half.
    """
    return [item for item in items if runs_here(item.id)]


def fewer_on_openvino(cases):
    """Returns the first case of each class on OpenVINO, which compiles every call, else all."""
    return first_of_class(cases) if BACKEND == "openvino" and not ALL_CASES else cases


def shared_cases(cases):
    """Like `shared`, but the first case of each class runs on every backend.

    OpenVINO, which only infers, takes no others.
    """
    first = first_of_class(cases)
    if BACKEND == "openvino" and not ALL_CASES:
        return first
    others = shared([case for case in cases if case not in first])
    return [case for case in cases if case in first or case in others]
