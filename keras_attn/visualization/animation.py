"""Animated GIFs."""

import math
from pathlib import Path

# What a GIF can say: hundredths of a second, two at least, as browsers slow down what is faster.
QUICKEST = 0.02
BACKGROUND = (255, 255, 255)
COLOURS = 128  # of each frame


def checked_seconds(name, seconds):
    """Returns the duration of a frame; raises `ValueError` unless it is a positive number."""
    if not 0 < seconds < math.inf:
        raise ValueError(f"`{name}` must be a positive number. Received: {name}={seconds!r}")
    return seconds


def write_gif(frames, path, seconds):
    """Writes pictures as an animated GIF that begins anew after its last.

    Args:
        frames: a list of `PIL.Image.Image`; smaller ones are set into the left upper corner.
        path: the file; its folder is made.
        seconds: how long each is seen, a list.

    Returns:
        The path.
    """
    from PIL import Image

    size = tuple(max(frame.size[axis] for frame in frames) for axis in (0, 1))
    whole = []
    for frame in frames:
        picture = Image.new("RGB", size, BACKGROUND)
        picture.paste(frame)
        # Colours far from each other first, so that what is small or in the dark keeps its own;
        # then each moves into the middle of what it stands for, so that grey stays grey.
        found = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
        whole.append(found)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=whole[1:],
        duration=[round(1000 * max(each, QUICKEST)) for each in seconds],
        loop=0,
    )
    return path


def animate(files, path, seconds=0.6, width=900):
    """Writes the pictures of files as a GIF that holds the last of them for longer.

    Args:
        files: pictures, of which none needs to be as large as another.
        path: see `write_gif`.
        seconds: for each but the last.
        width: of the GIF at most, in pixels.

    Returns:
        The path.
    """
    from PIL import Image

    frames = []
    for file in files:
        with Image.open(file) as picture:
            frames.append(picture.convert("RGB"))
    part = min(1.0, width / max(frame.width for frame in frames))
    frames = [frame.resize([max(1, round(part * side)) for side in frame.size]) for frame in frames]
    return write_gif(frames, path, [*[seconds] * (len(frames) - 1), 4 * seconds])
