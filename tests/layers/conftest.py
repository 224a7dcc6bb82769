"""Inputs of several tests of layers."""

import pytest


@pytest.fixture
def query(generator):
    """Three steps of two examples, 5 numbers each."""
    return generator.normal(size=(2, 3, 5)).astype("float32")


@pytest.fixture
def feature_map(generator):
    """2 × 4 places of 6 numbers."""
    return generator.normal(size=(2, 2, 4, 6)).astype("float32")


@pytest.fixture
def words(generator):
    """Four steps of four examples, 3 numbers each."""
    return generator.normal(size=(4, 4, 3)).astype("float32")


@pytest.fixture
def memory(generator):
    """Five positions of four examples, 6 numbers each."""
    return generator.normal(size=(4, 5, 6)).astype("float32")


@pytest.fixture
def value(generator):
    """Five positions of two examples, 6 numbers each."""
    return generator.normal(size=(2, 5, 6)).astype("float32")
