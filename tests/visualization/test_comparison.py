"""Charts that compare networks."""

import numpy as np
import pytest

from keras_attn.visualization import plot_errors, plot_learning_curves

# The pictures are the same on every backend.
pytestmark = pytest.mark.once


def heights(figure):
    return [bar.get_height() for bar in figure.axes[0].patches]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_errors_are_bars(tmp_path):
    path = tmp_path / "errors.png"
    errors = {"CNN": {"R": 1.2, "RTS": 0.8}, "ST-CNN": {"R": 0.7, "RTS": [0.5, 0.7]}}
    figure = plot_errors(errors, title="MNIST", label="error, %", path=path)
    np.testing.assert_allclose(heights(figure), [1.2, 0.8, 0.7, 0.6])
    assert texts(figure) == ["1.20", "0.80", "0.70", "0.60"]
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["R", "RTS"]
    assert axes.get_ylabel() == "error, %"
    assert axes.get_ylim()[0] == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_bars_of_a_task_stand_beside_each_other():
    errors = {"CNN": {"R": 10.0, "P": 1.0}, "ST-CNN": {"R": [0.5, 0.9], "P": 0.7}}
    figure = plot_errors(errors, title="MNIST")
    axes = figure.axes[0]
    # Around each tick, a fifth of the distance of two tasks off.
    middles = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    np.testing.assert_allclose(middles, [-0.2, 0.8, 0.2, 1.2])
    assert all(0 < bar.get_width() <= 0.4 for bar in axes.patches)
    assert axes.get_xticks().tolist() == [0, 1]
    shades = [bar.get_facecolor() for bar in axes.patches]
    assert shades[0] == shades[1] != shades[2] == shades[3]
    # From an error of 10 on one decimal is enough; a number stands above all dots of its bar.
    assert texts(figure) == ["10.0", "1.0", "0.7", "0.7"]
    np.testing.assert_allclose(
        [text.xy for text in axes.texts], [(-0.2, 10), (0.8, 1), (0.2, 0.9), (1.2, 0.7)]
    )
    # Dots are runs; a single run has none.
    (dots,) = axes.lines
    np.testing.assert_allclose(dots.get_xydata(), [(0.2, 0.5), (0.2, 0.9)])
    assert axes.get_ylabel() == "test error, %"
    assert axes.get_title(loc="left") == "MNIST"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["CNN", "ST-CNN"]


@pytest.mark.parametrize(("tasks", "networks", "inches"), [(1, 1, 6.0), (5, 2, 12.5), (30, 9, 16)])
def test_a_chart_of_errors_grows_up_to_the_width_of_a_page(tasks, networks, inches):
    by_task = {str(task): 1.0 for task in range(tasks)}
    figure = plot_errors({str(network): by_task for network in range(networks)})
    assert figure.get_size_inches()[0] == pytest.approx(inches)
    # Colours repeat after the last.
    shades = {bar.get_facecolor() for bar in figure.axes[0].patches}
    assert len(shades) == min(networks, 7)


def test_lines_are_named_at_their_ends_in_their_colour():
    runs = {"far": {"val_loss": [9.0, 8.0]}, "near": [{"val_loss": [1.0]}, {"val_loss": [3.0]}]}
    axes = plot_learning_curves(runs, title="digits").axes[0]
    assert axes.get_ylabel() == "val_loss"
    assert axes.get_title(loc="left") == "digits"
    found = {text.get_text(): text for text in axes.texts}
    for line, name, end in zip(axes.lines, runs, [(2, 8), (1, 2)], strict=True):
        assert found[name].xy == end
        assert found[name].get_color() == line.get_color()
        # Those that are far from each other stand where they end.
        assert found[name].xyann[1] == pytest.approx(0)
    # A line of one point would not be seen.
    assert [line.get_marker() for line in axes.lines] == ["None", "o"]
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    assert len(axes.collections) == 1, "a band of the repetitions alone"
    with pytest.raises(ValueError, match="`metric` must be in every history"):
        plot_learning_curves({"CNN": {"val_loss": []}})


def test_each_run_is_a_dot():
    axes = plot_errors({"CNN": {"R": [1.0, 2.0, 3.0]}}).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [1, 2, 3])


def test_a_network_may_leave_a_task_out():
    figure = plot_errors({"CNN": {"R": 1.0}, "ST-CNN": {"R": 12.0, "P": 2.0}})
    assert heights(figure) == [1.0, 12.0, 2.0]
    assert texts(figure) == ["1.0", "12.0", "2.0"]


@pytest.mark.parametrize("errors", [{}, {"CNN": {}}])
def test_no_errors_are_refused(errors):
    with pytest.raises(ValueError, match="`errors`"):
        plot_errors(errors)


class History:
    history = {"loss": [3.0, 2.0]}


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_each_network_is_a_named_line(tmp_path, scale):
    path = tmp_path / "curves.png"
    runs = {"CNN": History(), "ST-CNN": [{"loss": [3.0, 1.0]}, {"loss": [1.0, 1.0, 0.5]}]}
    figure = plot_learning_curves(runs, "loss", label="loss", scale=scale, path=path)
    first, second = figure.axes[0].lines
    np.testing.assert_allclose(first.get_xydata(), [[1, 3], [2, 2]])
    np.testing.assert_allclose(second.get_xydata(), [[1, 2], [2, 1]])
    assert set(texts(figure)) == {"CNN", "ST-CNN"}
    assert first.get_linestyle() != second.get_linestyle()
    assert figure.axes[0].get_yscale() == scale
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_band_reaches_from_the_lowest_to_the_highest_run():
    runs = {"CNN": [{"loss": [3.0, 1.0]}, {"loss": [1.0, 2.0]}, {"loss": [1.0, 1.0]}]}
    (band,) = plot_learning_curves(runs, "loss").axes[0].collections
    points = band.get_paths()[0].vertices
    for epoch, low, high in ((1, 1.0, 3.0), (2, 1.0, 2.0)):
        heights = points[points[:, 0] == epoch, 1]
        assert (heights.min(), heights.max()) == (low, high)


def test_names_of_lines_that_end_together_do_not_cover_each_other():
    runs = {name: {"loss": [2.0, 1.0]} for name in ("one", "two", "three")}
    figure = plot_learning_curves(runs, "loss")
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_zeros_have_a_place_on_a_logarithmic_scale():
    runs = {"CNN": {"error": [4.0, 1.0]}, "ST-CNN": {"error": [2.0, 0.0]}}
    axes = plot_learning_curves(runs, "error", scale="log").axes[0]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [2.0, 0.5])
    # The line of zeros has the label 0 and no other tick label.
    (zero,) = [text for text in axes.texts if text.get_text() == "0"]
    assert zero.xy == (0, 0.5)
    assert axes.lines[2].get_linestyle() == ":"
    label = axes.yaxis.get_major_formatter()
    assert (label(1.0, 0), label(0.5, 0)) == ("1", "")


def test_a_logarithmic_scale_with_zeros_only():
    axes = plot_learning_curves({"NTM": {"bits": [0.0, 0.0]}}, "bits", scale="log").axes[0]
    low, high = axes.get_ylim()
    assert low < axes.lines[0].get_ydata()[0] < high
    assert [text.get_text() for text in axes.texts] == ["0", "NTM"]


def test_a_logarithmic_scale_refuses_negative_values():
    with pytest.raises(ValueError, match=r'`scale` must be "linear".*smallest bits -1'):
        plot_learning_curves({"NTM": {"bits": [1.0, np.nan, -1.0]}}, "bits", scale="log")


def test_a_logarithmic_scale_takes_nan():
    axes = plot_learning_curves({"NTM": {"bits": [4.0, np.nan, 1.0]}}, "bits", scale="log").axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [4.0, np.nan, 1.0])
    ends = {"bits": [4.0, 2.0, np.nan]}  # diverged
    axes = plot_learning_curves({"NTM": ends}, "bits", scale="log").axes[0]
    assert axes.get_yscale() == "log"


@pytest.mark.parametrize("bits", [[126.0, 67.0], [99.0, 91.0], [100.0, 0.01]])
def test_a_logarithmic_scale_has_numbers(bits):
    axes = plot_learning_curves({"NTM": {"bits": bits}}, "bits", scale="log").axes[0]
    low, high = axes.get_ylim()
    inside = [place for place in axes.get_yticks() if low <= place <= high]
    assert len(inside) >= 3
    assert axes.yaxis.get_major_formatter()(inside[0], 0) == f"{inside[0]:g}"


def test_missing_curves_are_refused():
    with pytest.raises(ValueError, match="`histories`"):
        plot_learning_curves({})
    with pytest.raises(ValueError, match="`metric`"):
        plot_learning_curves({"CNN": {"loss": [1.0]}}, metric="val_loss")


def test_curves_over_other_axes():
    runs = {
        "NTM": [
            {"bits": [8.0, 1.0], "seen": [10, 20]},
            {"bits": [6.0, 3.0, 2.0], "seen": [10, 20, 30]},
        ],
        "LSTM": History(),
    }
    runs["LSTM"].history = {"bits": [9.0, 8.0, 7.0], "seen": [0.5, 1.0, 1.5]}
    axes = plot_learning_curves(runs, "bits", scale="log", x="seen").axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[10, 7], [20, 2]])
    np.testing.assert_allclose(axes.lines[1].get_xydata(), [[0.5, 9], [1, 8], [1.5, 7]])
    assert axes.get_xlabel() == "seen"
    figure = plot_learning_curves(runs, "bits", x=[1.6, 3.2, 4.8], x_label="sequences, thousands")
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xdata(), [1.6, 3.2])
    np.testing.assert_allclose(figure.axes[0].lines[1].get_xdata(), [1.6, 3.2, 4.8])
    assert figure.axes[0].get_xlabel() == "sequences, thousands"
    assert plot_learning_curves(runs, "bits").axes[0].get_xlabel() == "epoch"
    assert plot_learning_curves(runs, "bits", x=[1, 2, 3]).axes[0].get_xlabel() == ""


def test_an_x_that_does_not_fit_is_refused():
    runs = {"NTM": [{"bits": [2.0, 1.0], "seen": [1, 2]}, {"bits": [2.0, 1.0], "seen": [1, 3]}]}
    with pytest.raises(ValueError, match="`x` must be the same for all runs of 'NTM'"):
        plot_learning_curves(runs, "bits", x="seen")
    with pytest.raises(ValueError, match=r"`x` must be in every history.*x='steps'"):
        plot_learning_curves(runs, "bits", x="steps")
    with pytest.raises(
        ValueError, match=r"`x` must have a number for each of the 2 epochs.*1 numb"
    ):
        plot_learning_curves(runs, "bits", x=[1])


def test_long_names_of_tasks_do_not_touch():
    names = ["normalized", "monotonic", "scaled dot"]
    few = plot_errors({"wrong": dict.fromkeys(names, 1.0)})
    many = plot_errors({"wrong": {f"{name} {n}": 1.0 for name in names for n in range(5)}})
    assert {label.get_rotation() for label in few.axes[0].get_xticklabels()} == {0.0}
    assert {label.get_rotation() for label in many.axes[0].get_xticklabels()} == {30.0}
