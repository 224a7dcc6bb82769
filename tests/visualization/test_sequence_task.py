"""Plots of sequences of bits: inputs, targets, outputs and errors."""

import keras
import numpy as np
import pytest

from keras_attn.visualization import plot_sequence_task
from keras_attn.visualization.figures import INK

pytestmark = pytest.mark.once

RNG = np.random.default_rng(0)


def bits(steps, channels=8):
    return RNG.integers(0, 2, (steps, channels)).astype("float32")


def drawn(figure):
    """Returns the axes of all sequences row by row, without that of the legend."""
    return [axes for axes in figure.axes if axes.images and axes.axison]


def pictures(figure):
    return [axes.images[0].get_array() for axes in drawn(figure)]


def texts(figure):
    return [text.get_text() for text in figure.texts]


def counts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_rows_stand_above_one_another(tmp_path):
    given, target = bits(6, 10), bits(6)
    output = np.abs(target - 0.2)
    output[1, 2] = 1 - output[1, 2]
    figure = plot_sequence_task(given, target, output, path=tmp_path / "new" / "task.png")
    axes = drawn(figure)
    assert [each.get_ylabel() for each in axes] == ["input", "target", "output", "errors"]
    tops = [each.get_position().y1 for each in axes]
    assert tops == sorted(tops, reverse=True)
    for picture, values in zip(pictures(figure), (given, target, output), strict=False):
        np.testing.assert_allclose(picture, values.T, atol=1e-6)
    errors = pictures(figure)[3]
    # What is wrong has the last colour.
    assert errors[2, 1] == 1
    assert (np.delete(errors.ravel(), 2 * 6 + 1) < 0.21).all()
    assert counts(figure) == ["1 of 48 bits wrong"]
    # Channels go upwards, and every step has a column of its own.
    assert axes[0].get_ylim() == (-0.5, 9.5)
    assert axes[0].get_xlim() == (0.5, 6.5)
    assert (tmp_path / "new" / "task.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_bits_are_red():
    target = np.array([[0.0, 0.0, 0.0, 1.0]])
    figure = plot_sequence_task(None, target, [[0.0, 0.49, 0.51, 0.0]])
    image = drawn(figure)[-1].images[0]
    right, unsure, *wrong = image.cmap(image.norm(image.get_array()[:, 0]))
    np.testing.assert_allclose(right, 1)
    # Hardly any red where a bit is right, and much where it is wrong.
    assert unsure[:3].min() > 0.7
    for shade in wrong:
        assert shade[0] - shade[2] > 0.7


def test_steps_that_do_not_count_are_grey():
    target = bits(6)
    figure = plot_sequence_task(target, target, 1 - target, mask=[0, 0, 0, 1, 1, 1])
    given, *others = pictures(figure)
    assert not np.ma.getmaskarray(given).any()
    for picture in others:
        missing = np.ma.getmaskarray(np.ma.masked_invalid(picture))
        assert missing[:, :3].all()
        assert not missing[:, 3:].any()
    assert counts(figure) == ["24 of 24 bits wrong"]
    assert "does not count" in texts(figure)
    figure.canvas.draw()
    assert max(text.get_window_extent().x1 for text in figure.texts) < figure.bbox.x1
    assert "does not count" not in texts(plot_sequence_task(target, target, target))


def test_sequences_of_many_lengths_stay_on_a_page():
    lengths = (10, 20, 30, 50, 120)
    targets = [bits(length) for length in lengths]
    titles = [f"length {length}" for length in lengths]
    figure = plot_sequence_task(None, targets, targets, titles=titles, title="Copy")
    figure.canvas.draw()
    assert max(figure.get_size_inches()) < 14.5
    axes = drawn(figure)
    boxes = [each.get_window_extent() for each in axes]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    # Four side by side, and the last below them.
    assert len({box.y0 for box in boxes[::3]}) == 2
    assert boxes[0].y0 == boxes[9].y0 > boxes[12].y1
    assert set(titles) < set(texts(figure))
    assert [each.get_ylabel() for each in axes[::3]] == ["target", "", "", "", "target"]
    named = [text for each in figure.axes for text in each.texts]
    for text in (*figure.texts, *named):
        box = text.get_window_extent()
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
    said = [text.get_window_extent() for text in named]
    assert not any(a.overlaps(b) for n, a in enumerate(said) for b in said[n + 1 :])


def test_several_may_be_a_batch_or_a_list():
    batch = np.stack([bits(3), bits(3)])
    mask = np.array([[1, 1, 0], [1, 1, 1]])
    several = [
        plot_sequence_task(batch, batch, batch, mask),
        plot_sequence_task(list(batch), list(batch), list(batch), list(mask)),
        plot_sequence_task(*[keras.ops.convert_to_tensor(batch)] * 3, mask),
    ]
    for figure in several:
        assert len(drawn(figure)) == 8
        assert counts(figure) == ["0 of 16 bits wrong", "0 of 24 bits wrong"]
    assert len(drawn(plot_sequence_task([[0, 1]], [[0, 1]], [[0, 1]]))) == 4


@pytest.mark.parametrize(("steps", "channels"), [(1, 1), (1, 8), (500, 1), (3, 64)])
def test_sequences_of_any_size_fit_on_the_page(steps, channels):
    one = bits(steps, channels)
    figure = plot_sequence_task(one, one, one)
    figure.canvas.draw()
    assert max(figure.get_size_inches()) < 14.5
    for axes in drawn(figure):
        box = axes.get_window_extent()
        assert min(box.width / steps, box.height / channels) > 2, "less than two pixels"
        assert box.x1 <= figure.bbox.x1


def test_inputs_beyond_bits_stretch_their_colours():
    given = bits(4)
    given[0, 0] = -1
    figure = plot_sequence_task([bits(4), given], [bits(4)] * 2, [bits(4)] * 2)
    limits = [axes.images[0].get_clim() for axes in drawn(figure)]
    assert limits == [(-1, 1), (0, 1), (0, 1), (0, 1)] * 2


def test_arguments_are_not_changed():
    target, output = bits(4), bits(4)
    before = target.copy(), output.copy()
    plot_sequence_task(target, target, output, mask=np.zeros(4))
    np.testing.assert_array_equal(target, before[0])
    np.testing.assert_array_equal(output, before[1])


def test_a_half_is_not_wrong():
    target = np.array([[0.0, 1.0], [0.0, 1.0]])
    figure = plot_sequence_task(None, target, [[0.5, 0.5], [0.501, 0.499]])
    assert counts(figure) == ["2 of 4 bits wrong"]


def test_answers_that_do_not_count_may_be_any_numbers():
    target, output = bits(3), bits(3)
    target[0], output[0] = -5, np.nan
    output[1:] = target[1:]
    figure = plot_sequence_task(None, target, output, mask=[0, 1, 1], titles="one")
    assert counts(figure) == ["0 of 16 bits wrong"]
    assert {"one", "wrong", "unsure", "0", "1"} < set(texts(figure))


def test_zero_is_blue_and_one_is_yellow():
    figure = plot_sequence_task(None, [[0.0, 1.0]], [[0.0, 1.0]])
    image = drawn(figure)[0].images[0]
    zero, one = image.cmap(image.norm(image.get_array()[:, 0]))
    assert zero[2] > 0.2 > zero[0]
    assert one[0] > 0.9 > 0.5 > one[2]


def test_squares_of_the_legend_stay_beside_their_names():
    one = np.ones((1, 2))
    gaps = []
    for title in ("t", "a title that is much longer than the picture is wide, " * 2):
        figure = plot_sequence_task(one, one, one, mask=np.ones(1), title=title)
        figure.canvas.draw()
        names = [text for text in figure.texts if text.get_text() in ("wrong", "unsure")]
        boxes = [square.get_window_extent() for square in figure.artists]
        assert len(boxes) == len(names) == 2
        for name, box in zip(names, boxes, strict=True):
            text = name.get_window_extent()
            gaps.append(((text.x0 - box.x1) / figure.dpi, box.width / figure.dpi))
            assert box.y0 < (text.y0 + text.y1) / 2 < box.y1
    np.testing.assert_allclose(gaps, [(0.1, 0.16)] * 4, atol=0.02)


def test_the_number_of_errors_is_red():
    target = bits(4)
    for output, shade in ((target, INK), (1 - target, "#D55E00")):
        figure = plot_sequence_task(target, target, output)
        assert [text.get_color() for axes in figure.axes for text in axes.texts] == [shade]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((bits(3), bits(4), bits(4)), r"`inputs` must have as many steps .* 4\. Received: 3"),
        ((bits(4), bits(4), bits(3)), r"`outputs` must be of the shape .*\(4, 8\).*\(3, 8\)"),
        ((bits(4), bits(4), bits(4, 7)), r"`outputs` must be of the shape .*\(4, 7\)"),
        ((bits(4), bits(4), bits(4), [1, 1]), r"`mask` must have as many steps .* 4\. Received: 2"),
        ((bits(4), [bits(4)] * 2, [bits(4)] * 2), r"`inputs` must be as many .* 2\. Received: 1"),
        (
            (bits(4), [bits(4)] * 2, [bits(4)] * 3),
            r"`outputs` must be as many .* 2\. Received: 3",
        ),
        (
            ([bits(4)] * 2, [bits(4)] * 2, [bits(4)] * 2, np.ones(4)),
            r"`mask` must be as many .* 2\. Received: 1",
        ),
        ((bits(4), bits(4), bits(4) - 0.01), r"`outputs` must be in \[0, 1\].*-0\.0"),
        ((bits(4), bits(4) + 0.01, bits(4)), r"`targets` must be in \[0, 1\].*1\.0"),
        ((bits(4), bits(4), 2 * bits(4) + 1), r"`outputs` must be in \[0, 1\].*3\.0"),
        ((bits(4), bits(4) - 1, bits(4)), r"`targets` must be in \[0, 1\].*-1\.0"),
        ((bits(4), bits(4), np.nan * bits(4)), r"`outputs` must be in \[0, 1\]"),
        ((bits(4), bits(0), bits(0)), r"`targets` must be one sequence.*\(0, 8\)"),
        ((bits(4), bits(4)[0], bits(4)), r"`targets` must be one sequence"),
        ((bits(4), [], []), r"`targets` must be one sequence"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_sequence_task(*arguments)


def test_the_number_of_titles_is_checked():
    with pytest.raises(ValueError, match=r"`titles` must be as many .* 1\. Received: 2"):
        plot_sequence_task(bits(4), bits(4), bits(4), titles=["a", "b"])
