"""The README: its examples run unchanged, and its pictures exist."""

import re
from pathlib import Path

import keras
import pytest

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.once
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_run(example):
    names = {}
    exec(compile(example, str(README), "exec"), names)
    assert any(isinstance(value, (keras.KerasTensor, keras.Model)) for value in names.values())


@pytest.mark.once
def test_there_are_examples_and_the_files_of_the_pictures():
    assert EXAMPLES  # without examples the test above would be skipped
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text(encoding="utf-8"))
    assert pictures
    for picture in pictures:
        assert (README.parent / picture).is_file(), picture
