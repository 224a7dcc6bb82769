"""Plots of the write and read locations of a Neural Turing Machine."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, NTMCell
from keras_attn.visualization import plot_memory_use
from tests.visualization.traces import copying

pytestmark = pytest.mark.once


def panels(figure):
    """Returns a dictionary: title → axes."""
    axes = [each for each in figure.axes if each.get_title(loc="left")]
    return {each.get_title(loc="left"): each for each in axes}


def picture(axes):
    return np.asarray(axes.images[0].get_array())


def numbers(axes):
    return [int(label.get_text()) for label in axes.get_yticklabels()]


def test_writing_is_at_the_left_and_reading_at_the_right(tmp_path):
    trace = copying(length=4, first=3)
    inputs, outputs = np.random.default_rng(0).random((2, 2, 8, 5))
    figure = plot_memory_use(
        trace, 1, inputs, outputs, all_locations=True, path=tmp_path / "new" / "use.png"
    )
    found = panels(figure)
    left = ["inputs", "add vectors", "write weightings"]
    right = ["outputs", "read vectors", "read weightings"]
    assert list(found) == left + right
    expected = {
        "inputs": inputs[1],
        "add vectors": trace["add"][1, :, 0],
        "write weightings": trace["write_weights"][1, :, 0],
        "outputs": outputs[1],
        "read vectors": trace["reads"][1, :, 0],
        "read weightings": trace["read_weights"][1, :, 0],
    }
    for title, values in expected.items():
        np.testing.assert_allclose(picture(found[title]), values.T, atol=1e-6)
    for one, other in zip(left, right, strict=True):
        boxes = [found[title].get_window_extent() for title in (one, other)]
        assert boxes[0].x1 < boxes[1].x0
        assert (boxes[0].y0, boxes[0].y1) == (boxes[1].y0, boxes[1].y1)
    for title in ("write weightings", "read weightings"):
        assert found[title].get_ylim() == (15.5, -0.5), "locations go down"
        assert found[title].images[0].get_clim() == (0, 1)
        assert found[title].get_xlabel() == "step"
    assert found["inputs"].get_ylim() == (-0.5, 4.5), "channels go up"
    # Add and read vectors have one color scale.
    trace["reads"] *= 2.0  # beyond what is added
    found = panels(plot_memory_use(trace, 1))
    limit = np.abs(trace["reads"][1]).max()
    for title in ("add vectors", "read vectors"):
        np.testing.assert_allclose(found[title].images[0].get_clim(), (-limit, limit))
    assert (tmp_path / "new" / "use.png").read_bytes().startswith(b"\x89PNG")


def test_locations_that_no_head_uses_are_left_out():
    found = panels(plot_memory_use(copying(length=8, first=40, locations=128)))
    weights = picture(found["write weightings"])
    # From 40 to 47, and two around.
    assert weights.shape == (12, 16)
    assert weights.argmax(0)[:8].tolist() == list(range(2, 10))
    assert numbers(found["read weightings"]) == [38, 40, 42, 44, 46, 48]
    everything = panels(plot_memory_use(copying(8, 40, 128), all_locations=True))
    assert picture(everything["write weightings"]).shape == (128, 16)


@pytest.mark.parametrize(("first", "top", "rows"), [(0, 0, 8), (60, 58, 10), (58, 56, 8)])
def test_the_memory_is_a_ring(first, top, rows):
    found = panels(plot_memory_use(copying(length=6, first=first, locations=64)))
    axes = found["write weightings"]
    weights = picture(axes)
    assert weights.shape == (rows, 12)
    # The head moves downwards.
    assert (np.diff(weights.argmax(0)[:6]) == 1).all()
    for row, number in zip(axes.get_yticks(), numbers(axes), strict=True):
        assert number == (top + row) % 64


@pytest.mark.parametrize("unused", range(7))
def test_no_location_is_drawn_twice(unused):
    locations = 5 + unused
    weights = picture(
        panels(plot_memory_use(copying(length=5, first=locations - 2, locations=locations)))[
            "write weightings"
        ]
    )
    # Two unused locations on either side.
    assert weights.shape == (min(locations, 9), 10)


def test_heads_with_uniform_weights_show_all_locations():
    trace = copying()
    for name in ("read_weights", "write_weights"):
        trace[name] = np.full_like(trace[name], 1 / 16)
    assert picture(panels(plot_memory_use(trace))["read weightings"]).shape == (16, 8)


def test_each_head_has_its_panels():
    trace = copying(readers=3, writers=2)
    figure = plot_memory_use(trace)
    found = panels(figure)
    assert [title for title in found if title.startswith("write")] == [
        "write weightings, head 1",
        "write weightings, head 2",
    ]
    assert len([title for title in found if title.startswith("read weightings")]) == 3
    written, read = picture(found["write weightings, head 2"]), found["read weightings, head 3"]
    assert written.argmax(0)[0] == 1
    assert picture(read).argmax(0)[4] == 2
    assert read.get_xlabel() == found["write weightings, head 2"].get_xlabel() == "step"
    assert found["read weightings, head 1"].get_xlabel() == ""
    figure.canvas.draw()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])

    one = panels(plot_memory_use(trace, head=1))
    assert list(one) == [
        "add vectors, head 2",
        "write weightings, head 2",
        "read vectors, head 2",
        "read weightings, head 2",
    ]
    for number in (2, -1, True, "1"):
        with pytest.raises(ValueError, match=r"`head` must be the number of a head .* from 0 to 1"):
            plot_memory_use(trace, head=number)


@pytest.mark.parametrize(
    "options", [{"length": 1}, {"locations": 1, "length": 1}, {"width": 1}, {"length": 121}]
)
def test_sequences_of_any_size_fit_on_the_page(options):
    trace = copying(**{"locations": 128, **options})
    inputs = np.ones((2, trace["add"].shape[1], 1))
    figure = plot_memory_use(trace, inputs=inputs, all_locations=True, title="a title")
    figure.canvas.draw()
    assert max(figure.get_size_inches()) < 15
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= 0, axes
        assert box.x1 <= figure.bbox.x1, axes
    for axes in panels(figure).values():
        rows, steps = picture(axes).shape
        box = axes.get_window_extent()
        assert min(box.width / steps, box.height / rows) >= 1, "less than a pixel"
        assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_one_of_inputs_and_outputs_is_enough():
    assert "outputs" not in panels(plot_memory_use(copying(), inputs=np.ones((2, 8, 3))))
    assert "inputs" not in panels(plot_memory_use(copying(), outputs=np.ones((2, 8, 3))))


def test_the_trace_of_a_layer_is_drawn():
    layer = NTM(NTMCell(6, 8, 4, num_read_heads=2), return_sequences=True)
    inputs = np.random.default_rng(0).random((3, 5, 2), dtype="float32")
    trace = layer.trace(inputs)
    found = panels(plot_memory_use(trace, 2, inputs, all_locations=True))
    weights = keras.ops.convert_to_numpy(trace["read_weights"])[2, :, 1]
    np.testing.assert_allclose(picture(found["read weightings, head 2"]), weights.T, atol=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    trace = copying()
    for name in trace:
        less = {key: value for key, value in trace.items() if key != name}
        with pytest.raises(ValueError, match=rf"`trace` must be .*without \['{name}'\]"):
            plot_memory_use(less)
        # The sizes of the others are compared with the memory.
        blamed = "read_weights" if name == "memory" else name
        with pytest.raises(ValueError, match=f"`trace` must hold `{blamed}`"):
            plot_memory_use({**trace, name: trace[name][:, 1:]})
        with pytest.raises(ValueError, match=f"`trace` must hold `{name}`"):
            plot_memory_use({**trace, name: trace[name][0]})
    with pytest.raises(ValueError, match=r"`trace` must hold `reads`.*\(2, 8, 1, 2\)"):
        plot_memory_use({**trace, "reads": trace["reads"][..., 1:]})
    for shape in ((2, 7, 3), (1, 8, 3), (8, 3), (2, 8, 0)):
        for name in ("inputs", "outputs"):
            with pytest.raises(ValueError, match=rf"`{name}` must be of shape \(2, 8, channels\)"):
                plot_memory_use(trace, **{name: np.ones(shape)})
    for example in (2, -3, 0.5, "a"):
        with pytest.raises(ValueError, match="`example` must be the number of one of the 2"):
            plot_memory_use(trace, example)
