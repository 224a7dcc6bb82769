"""Checks of arguments that several layers share."""

from pathlib import Path

import numpy as np
import pytest

from keras_attn.layers.arguments import (
    check_axes,
    check_list,
    check_list_of_inputs,
    list_of_paths,
    list_of_strings,
    shapes_of,
)

pytestmark = pytest.mark.once


@pytest.mark.parametrize("shape", [(2,), (2, 3, 4)])
def test_a_tensor_of_another_rank_is_refused(shape):
    check_axes("inputs", (None, 3), "batch, features")
    with pytest.raises(ValueError, match=r"`inputs` must be of shape \(batch, features\)") as error:
        check_axes("inputs", list(shape), "batch, features")
    assert f"Received: inputs of shape {shape}" in str(error.value)


@pytest.mark.parametrize("texts", [[], ["a", "bc"], ("a",), iter(["a", ""]), {"a": 1}])
def test_texts_are_returned_as_a_list(texts):
    texts = list(texts)
    assert list_of_strings("texts", iter(texts)) == texts


@pytest.mark.parametrize("texts", ["ab", b"ab", 3, None, [1], ["a", b"b"], ["a", None]])
def test_other_values_than_lists_of_strings_are_refused(texts):
    with pytest.raises(ValueError, match="`texts` must be a list of strings"):
        list_of_strings("texts", texts)


def test_the_place_of_a_value_that_is_no_string_is_reported():
    with pytest.raises(ValueError, match=r"Received: texts\[2\]=7"):
        list_of_strings("texts", ["a", "b", 7, 8])


@pytest.mark.parametrize("values", [[], [1], (1, 2), np.ones(3), np.ones((2, 0))])
def test_sequences_are_accepted(values):
    check_list("values", values)


@pytest.mark.parametrize("values", ["ab", b"ab", 3, None, {1, 2}, iter([1]), np.ones(())])
def test_other_values_than_sequences_are_refused(values):
    with pytest.raises(ValueError, match=r"`values` must be a pair\. Received: values="):
        check_list("values", values, "a pair")


def test_paths_are_returned_as_a_list():
    assert list_of_paths("paths", ("a", Path("b"))) == ["a", Path("b")]
    for path in ("a", b"a", Path("a")):
        with pytest.raises(ValueError, match=r"`paths` must be a list of paths\. Received: "):
            list_of_paths("paths", path)


TENSOR = np.ones((2, 3), "float32")


@pytest.mark.parametrize("inputs", [[TENSOR] * 2, (TENSOR,) * 3, [(2, 3), (2, 4)]])
def test_lists_of_accepted_lengths_pass(inputs):
    check_list_of_inputs(inputs, "[a, b] or [a, b, c]", (2, 3))


@pytest.mark.parametrize(
    ("inputs", "given"),
    [
        (TENSOR, "one tensor of shape (2, 3)"),
        ((2, 3), "one tensor of shape (2, 3)"),
        ([None, 3, 4], "one tensor of shape (None, 3, 4)"),
        ([], "a list of 0"),
        ([TENSOR], "a list of 1"),
        ([TENSOR] * 4, "a list of 4"),
        ({"a": 1}, "{'a': 1}"),
        (None, "None"),
    ],
)
def test_other_inputs_are_refused_as_they_came(inputs, given):
    with pytest.raises(ValueError, match=r"`inputs` must be a list \[a, b\] or \[a, b, c\]") as e:
        check_list_of_inputs(inputs, "[a, b] or [a, b, c]", (2, 3))
    assert str(e.value).endswith(f"Received: {given}")


def test_shapes_of_tensors_and_of_other_inputs():
    assert shapes_of([TENSOR, TENSOR[0]]) == [(2, 3), (3,)]
    for other in (TENSOR, None, [TENSOR, 3], "ab"):
        assert shapes_of(other) is other
