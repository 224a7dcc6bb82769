import gc

import pytest


@pytest.fixture(autouse=True)
def without_collections(monkeypatch):
    """Keras collects garbage for each weight that it deletes, which takes most of a test."""
    monkeypatch.setattr(gc, "collect", lambda *_: 0)
