"""The order in which the locations of a memory were written."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.ops import follow_links, precedence_weights, temporal_links
from tests.backend import to_numpy

BATCH, HEADS, LOCATIONS = 2, 3, 5


def written(generator, steps):
    """Weights of writes that sum to less than 1, `(steps, batch, locations)`."""
    weights = generator.dirichlet(np.ones(LOCATIONS), size=(steps, BATCH))
    return (weights * generator.uniform(size=(steps, BATCH, 1))).astype("float32")


def after(weights, dtype="float32"):
    """The links and the precedence after some writes."""
    links = ops.zeros((BATCH, LOCATIONS, LOCATIONS), dtype)
    precedence = ops.zeros((BATCH, LOCATIONS), dtype)
    for each in weights:
        each = ops.convert_to_tensor(each, dtype)
        links = temporal_links(links, precedence, each)
        precedence = precedence_weights(precedence, each)
    return links, precedence


def test_links_and_precedence_are_the_loops(generator):
    weights = written(generator, 6)
    links, precedence = np.zeros((BATCH, LOCATIONS, LOCATIONS)), np.zeros((BATCH, LOCATIONS))
    for w in weights.astype("float64"):
        for b, i, j in np.ndindex(*links.shape):
            if i != j:
                kept = (1.0 - w[b, i] - w[b, j]) * links[b, i, j]
                links[b, i, j] = kept + w[b, i] * precedence[b, j]
        for b in range(BATCH):
            precedence[b] = (1.0 - w[b].sum()) * precedence[b] + w[b]
    found = after(weights)
    np.testing.assert_allclose(to_numpy(found[0]), links, atol=1e-6)
    np.testing.assert_allclose(to_numpy(found[1]), precedence, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_links_are_weights_without_a_diagonal(generator, dtype):
    sharp = np.eye(LOCATIONS)[generator.integers(0, LOCATIONS, (8, BATCH))]
    slack = 1e-6 if dtype == "float32" else 5e-3
    for weights in (written(generator, 8), sharp, np.zeros_like(sharp)):
        links, precedence = (to_numpy(each).astype("float32") for each in after(weights, dtype))
        assert np.all(links >= -slack)
        assert np.all(links.sum(axis=1) <= 1.0 + slack)
        assert np.all(links.sum(axis=2) <= 1.0 + slack)
        assert np.all(precedence.sum(axis=1) <= 1.0 + slack)
        np.testing.assert_array_equal(np.diagonal(links, axis1=1, axis2=2), 0.0)


def test_writes_are_replayed_forward_and_backward():
    order = [[3, 0, 4, 1], [2, 4, 3, 0]]
    weights = np.eye(LOCATIONS)[np.array(order).T]
    links, precedence = after(weights)
    np.testing.assert_array_equal(to_numpy(precedence), weights[-1])
    at = {"forward": weights[:1], "backward": weights[-1:]}
    for step in range(1, 4):
        for number, way in enumerate(("backward", "forward")):
            at[way] = to_numpy(follow_links(np.swapaxes(at[way], 0, 1), links)[number])
            at[way] = np.swapaxes(at[way], 0, 1).astype("float32")
        np.testing.assert_array_equal(at["forward"][0], weights[step])
        np.testing.assert_array_equal(at["backward"][0], weights[-1 - step])
    # Beyond the last write there is nothing.
    beyond = follow_links(np.swapaxes(at["forward"], 0, 1), links)[1]
    np.testing.assert_array_equal(to_numpy(beyond), 0.0)


def test_a_second_write_replaces_the_links():
    weights = np.eye(LOCATIONS)[[[0, 0], [1, 1], [2, 2], [0, 0]]]
    links = to_numpy(after(weights)[0])
    expected = np.zeros((LOCATIONS, LOCATIONS))
    expected[2, 1] = expected[0, 2] = 1.0  # location 0 has lost its link to 1
    np.testing.assert_array_equal(links, np.broadcast_to(expected, links.shape))


def test_following_is_the_loop(generator):
    links = to_numpy(after(written(generator, 5))[0])
    read = generator.dirichlet(np.ones(LOCATIONS), size=(BATCH, HEADS)).astype("float32")
    backward, forward = map(to_numpy, follow_links(read, links))
    for b, h in np.ndindex(BATCH, HEADS):
        np.testing.assert_allclose(backward[b, h], links[b].T @ read[b, h], atol=1e-6)
        np.testing.assert_allclose(forward[b, h], links[b] @ read[b, h], atol=1e-6)


def test_other_shapes_are_refused(generator):
    weights = written(generator, 1)[0]
    links = np.zeros((BATCH, LOCATIONS, LOCATIONS), "float32")
    for function, arguments, name in (
        (precedence_weights, (links, weights), "precedence"),
        (precedence_weights, (weights, weights[:, :2]), "write_weights"),
        (temporal_links, (links[:, :2], weights, weights), "links"),
        (temporal_links, (links, weights[:1], weights), "precedence"),
        (temporal_links, (links, weights, links), "write_weights"),
        (follow_links, (weights, links), "read_weights"),
        (follow_links, (links, links[:, :, :2]), "links"),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be .*Received"):
            function(*arguments)


def test_dtypes_are_kept(generator):
    weights = written(generator, 2)
    links, precedence = after(weights, "float16")
    for found in (links, precedence, *follow_links(links, links)):
        assert keras.backend.standardize_dtype(found.dtype) == "float16"
