"""Numbers behind the pictures and films of a memory."""

import numpy as np
import pytest

from keras_attn.visualization import animate_memory, plot_memory_use
from keras_attn.visualization.memory_animation import READ, WRITE, _Stage
from keras_attn.visualization.memory_trace import MemoryTrace
from tests.visualization.captions import frames_of
from tests.visualization.test_memory_use import numbers, panels, picture
from tests.visualization.traces import copying

# The pictures are the same on every backend.
pytestmark = pytest.mark.once


def random_trace(batch=2, steps=4, readers=2, writers=3, locations=7, width=5):
    generator = np.random.default_rng(0)
    weights = generator.dirichlet(np.ones(locations), (batch, steps, readers + writers))
    vectors = generator.normal(size=(batch, steps, readers + writers, width))
    return {
        "read_weights": weights[:, :, :readers],
        "write_weights": weights[:, :, readers:],
        "reads": vectors[:, :, :readers],
        "add": vectors[:, :, readers:],
        "memory": generator.normal(size=(batch, steps, locations, width)),
    }


def test_each_frame_has_the_numbers_of_its_step():
    trace, inputs, outputs = random_trace(), *np.random.default_rng(1).random((2, 2, 4, 3))
    inputs[1, 0, 0] = -2.0
    found = MemoryTrace(trace, 1, inputs, outputs)
    locations = np.array([1, 2, 4])
    stage = _Stage(found, locations)
    expected = {
        "add": trace["add"][1],
        "memory": trace["memory"][1][:, locations],
        "reads": trace["reads"][1],
    }
    most = max(np.abs(each).max() for each in expected.values())
    for step in (2, 0, 3):
        stage.frame(step)
        assert stage.title.get_text() == f"step {step + 1} of 4"
        for name, values in expected.items():
            shown = stage.images[name]
            np.testing.assert_allclose(shown.get_array(), values[step], atol=1e-6)
            np.testing.assert_allclose(shown.get_clim(), (-most, most))
        # Outputs of this step and those before are known.
        known = np.ma.filled(np.ma.masked_invalid(stage.answer.get_array()), np.nan)
        np.testing.assert_allclose(known[:, : step + 1], outputs[1, : step + 1].T, atol=1e-6)
        assert np.isnan(known[:, step + 1 :]).all()
        assert [mark.get_x() for mark in stage.marks] == [step + 0.5] * 2
        for name in ("read_weights", "write_weights"):
            heads = trace[name][1, step][:, locations]
            assert len(stage.bars[name]) == len(heads)
            for bars, weights in zip(stage.bars[name], heads, strict=True):
                np.testing.assert_allclose([bar.get_width() for bar in bars], weights, atol=1e-6)
    texts = {text.get_text(): text.get_color() for text in stage.figure.texts}
    assert texts["add vectors"] == texts["head 3"] == WRITE
    assert texts["read vectors"] == READ
    # The colors of inputs are stretched.
    assert stage.figure.axes[0].images[0].get_clim() == (-2, 1)


def test_bars_grow_away_from_the_memory_beside_their_locations():
    found = MemoryTrace(random_trace(readers=1, writers=1))
    stage = _Stage(found, np.arange(7))
    stage.frame(0)
    memory = stage.images["memory"].axes
    write, read = (stage.bars[name][0][0].axes for name in ("write_weights", "read_weights"))
    assert write.get_xlim() == (1, 0)
    assert read.get_xlim() == (0, 1)
    assert write.get_ylim() == read.get_ylim() == memory.get_ylim() == (6.5, -0.5)
    boxes = [each.get_window_extent() for each in (write, memory, read)]
    assert boxes[0].x1 < boxes[1].x0 < boxes[1].x1 < boxes[2].x0
    assert boxes[0].y0 == boxes[1].y0 == boxes[2].y0
    assert numbers(write) == list(range(7))
    add, reads = (stage.images[name].axes.get_window_extent() for name in ("add", "reads"))
    assert add.y0 > boxes[1].y1 > boxes[1].y0 > reads.y1
    texts = {text.get_text() for text in stage.figure.texts}
    assert {"write head", "read head", "add vector", "read vector"} < texts


def test_all_locations_and_one_example_of_a_film(tmp_path):
    trace = copying(length=2, locations=64)
    few, many = (
        frames_of(animate_memory(trace, tmp_path / "a.gif", all_locations=each))[0]
        for each in (False, True)
    )
    assert many[0].shape[0] > few[0].shape[0] + 200
    first, second = (
        frames_of(animate_memory(trace, tmp_path / "a.gif", example))[0] for example in (0, -1)
    )
    assert not np.array_equal(first[1], second[1])


@pytest.mark.parametrize("name", ["read_weights", "write_weights"])
@pytest.mark.parametrize(("weight", "rows"), [(0.1, [3, 4, 5, 6, 7]), (0.099, list(range(20)))])
def test_a_tenth_of_the_weight_is_use(name, weight, rows):
    trace = random_trace(locations=20)
    for each in ("read_weights", "write_weights"):
        trace[each] = np.full_like(trace[each], 0.01)
    trace[name][0, 2, 1, 5] = weight
    assert MemoryTrace(trace).locations().tolist() == rows
    assert MemoryTrace(trace).locations(every=True).tolist() == list(range(20))


def test_examples_are_counted_from_the_end_too():
    trace = random_trace()
    np.testing.assert_allclose(MemoryTrace(trace, -2).memory, trace["memory"][0], atol=1e-6)
    np.testing.assert_allclose(MemoryTrace(trace, np.int64(1)).add, trace["add"][1], atol=1e-6)


def test_colours_of_a_picture_and_their_bars():
    trace = random_trace(readers=1, writers=2)
    inputs, outputs = np.full((2, 4, 3), -2.0), np.full((2, 4, 3), 3.0)
    figure = plot_memory_use(trace, 0, inputs, outputs, title="title", all_locations=True)
    found = panels(figure)
    assert found["inputs"].images[0].get_clim() == found["outputs"].images[0].get_clim() == (-2, 3)
    most = max(np.abs(trace[name][0]).max() for name in ("add", "reads"))
    limits = {"sequence": (-2, 3), "vector": (-most, most), "weight": (0, 1)}
    # A bar for each kind of panel, at the right of all panels.
    bars = [axes for axes in figure.axes if axes.get_ylabel() in ("value", "weight")]
    assert [axes.get_ylabel() for axes in bars] == ["value", "value", "weight"]
    for axes, ends in zip(bars, limits.values(), strict=True):
        np.testing.assert_allclose(axes.get_ylim(), ends, rtol=1e-5)
        assert axes.get_window_extent().x0 > found["outputs"].get_window_extent().x1
    assert [label.get_text() for label in bars[2].get_yticklabels()] == ["0", "1"]
    assert [label.get_text() for label in bars[0].get_yticklabels()] == ["-2", "0", "3"]
    tops = ["inputs", "add vectors, head 1", "write weightings, head 1"]
    for axes, name in zip(bars, tops, strict=True):
        assert axes.get_window_extent().y1 == pytest.approx(found[name].get_window_extent().y1)
    # White is where a head is; positive numbers are red and negative ones blue.
    weights = found["write weightings, head 2"].images[0]
    np.testing.assert_allclose(weights.cmap([0.0, 1.0])[:, :3], [[0] * 3, [1] * 3])
    low, high = found["add vectors, head 1"].images[0].cmap([0.0, 1.0])
    assert low[2] > low[0]
    assert high[0] > high[2]
    assert [text.get_text() for text in figure.texts] == ["title"]
    # The first head has no more panels of a kind than there are heads.
    assert "read weightings, head 2" not in found
    np.testing.assert_allclose(
        picture(found["add vectors, head 2"]), trace["add"][0, :, 1].T, atol=1e-6
    )


def test_a_memory_of_zeros_has_colours():
    trace = {name: np.zeros_like(values) for name, values in random_trace().items()}
    for axes in panels(plot_memory_use(trace)).values():
        low, high = axes.images[0].get_clim()
        assert low < high
    found = MemoryTrace(trace)
    shown = _Stage(found, found.locations()).images["memory"]
    assert shown.get_clim() == (-1, 1)
