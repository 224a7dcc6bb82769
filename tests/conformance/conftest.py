import gc

import pytest


@pytest.fixture(autouse=True)
def without_garbage_collection(monkeypatch):
    """Disables the garbage collection of Keras for each deleted weight, which dominates a test."""
    monkeypatch.setattr(gc, "collect", lambda *_: 0)
