"""Animations of a memory, one frame for each step."""

import numpy as np
import pytest

from keras_attn.visualization import animate_memory
from keras_attn.visualization.memory_animation import NOW, READ, WRITE
from tests.visualization.captions import frames_of
from tests.visualization.traces import copying

pytestmark = pytest.mark.once


def painted(frame, shade):
    """Returns the rows and columns of a frame that a color fills."""
    found = np.abs(frame - list(bytes.fromhex(shade[1:]))).max(-1) < 20
    return np.flatnonzero(found.sum(1) > 150), np.flatnonzero(found.sum(0) > 35)


def test_heads_move_from_location_to_location(tmp_path):
    trace = copying(length=3)
    path = animate_memory(trace, tmp_path / "new" / "memory.gif", seconds_per_step=0.5)
    frames, durations = frames_of(path)
    assert durations == [500] * 5 + [2000]
    assert len({frame.shape for frame in frames}) == 1
    writing = [painted(frame, WRITE) for frame in frames]
    reading = [painted(frame, READ) for frame in frames]
    height = [rows.mean() for rows, _ in writing[:3]]
    assert height == sorted(height)
    assert height[2] - height[0] > 30
    # The same locations are read at the other side.
    np.testing.assert_allclose([rows.mean() for rows, _ in reading[3:]], height, atol=3)
    assert max(columns.max() for _, columns in writing[:3]) < min(
        columns.min() for _, columns in reading[3:]
    )
    assert not any(rows.size for rows, _ in writing[3:] + reading[:3])


def test_inputs_and_outputs_are_animated(tmp_path):
    values = np.zeros((2, 8, 4))
    options = {"inputs": values, "outputs": values}
    frames, _ = frames_of(animate_memory(copying(), tmp_path / "a.gif", **options))
    places = [painted(frame, NOW)[1].mean() for frame in frames]
    # The frame moves by one column in each step; at the edges a part of it is cut off.
    np.testing.assert_allclose(np.diff(places)[1:-1], np.diff(places)[2], atol=2)
    assert places == sorted(places)
    # Outputs of later steps are grey.
    grey = [(np.abs(frame - 0xD9).max(-1) < 6).sum() for frame in frames]
    assert grey == sorted(grey, reverse=True)
    assert grey[0] > 10 * max(grey[-1], 100)
    plain, _ = frames_of(animate_memory(copying(), tmp_path / "b.gif"))
    assert plain[0].shape[0] < frames[0].shape[0]


def test_every_head_has_its_bars(tmp_path):
    narrow, _ = frames_of(animate_memory(copying(length=1), tmp_path / "a.gif"))
    trace = copying(length=1, readers=3, writers=2)
    wide, _ = frames_of(animate_memory(trace, tmp_path / "b.gif"))
    assert wide[0].shape[1] - narrow[0].shape[1] == 3 * 200
    (rows, columns), (more, others) = painted(narrow[1], READ), painted(wide[1], READ)
    assert np.ptp(others) > np.ptp(columns) + 300
    assert np.ptp(more) > np.ptp(rows)


@pytest.mark.parametrize("options", [{"locations": 1, "length": 1}, {"width": 1, "length": 1}])
def test_small_memories(tmp_path, options):
    frames, _ = frames_of(animate_memory(copying(**options), tmp_path / "small.gif"))
    assert len(frames) == 2


def test_one_step(tmp_path):
    trace = {name: values[:, :1] for name, values in copying().items()}
    frames, durations = frames_of(animate_memory(trace, tmp_path / "one.gif", 1))
    assert len(frames) == 1
    assert durations in ([1600], [0])


def test_files_are_small(tmp_path):
    trace = copying(length=10, locations=128, width=20)
    values = np.random.default_rng(0).random((2, 20, 8))
    path = animate_memory(trace, tmp_path / "a.gif", inputs=values, all_locations=True)
    assert path.stat().st_size < 2_000_000


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_bad_seconds_are_refused(tmp_path, seconds):
    with pytest.raises(ValueError, match="`seconds_per_step` must be a positive number"):
        animate_memory(copying(), tmp_path / "a.gif", seconds_per_step=seconds)


def test_bad_traces_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`trace` must be what `NTM\.trace` returns"):
        animate_memory({}, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="`example` must be the number of one of the 2"):
        animate_memory(copying(), tmp_path / "a.gif", example=2)
    assert not list(tmp_path.iterdir())
