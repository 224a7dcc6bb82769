"""The picture of what a spatial transformer attends to."""

import keras
import numpy as np

from keras_attn.ops.thin_plate_spline import control_lattice
from keras_attn.visualization.figures import channels_last, colour, saved, to_numpy
from keras_attn.visualization.find_transformations import find_transformations
from keras_attn.visualization.outline import border, extended, is_curved, to_pixels
from keras_attn.visualization.sheet import Sheet


def plot_spatial_transformer(
    images,
    warped,
    grid=None,
    theta=None,
    control_points=(4, 4),
    captions=None,
    title=None,
    columns=1,
    margin=None,
    align_corners=False,
    data_format=None,
    path=None,
):
    """Draws what a spatial transformer attends to: where it looks, and what it makes of it.

    One row an example: the input with the border of the sampled region, and the output beside it,
    one for each head, framed in the colour of its region. The border follows the sampling grid and
    is that of the *area* of the output's pixels, so that an identity draws the edge of the image,
    whatever `align_corners` is. The dot marks the output's top left corner and the thick side its
    top: rotations and flips show. A grid that is not affine gets its inner lines as well.

    Images of one channel are grey and of three in colour; two channels are drawn in two colours,
    of any other number the mean.

    `plot_spatial_transformer(model, images)` draws the first transformer of a model instead.

    Args:
        images: Array of shape `(batch, height, width, channels)`; values in [0, 1], other ranges
            are stretched. Or a Keras model; then `warped` is a batch of its input images.
        warped: `(batch, rows, columns, channels)`, or with several heads `(batch, heads, rows,
            columns, channels)`.
        grid: `(batch, rows, columns, 2)` or `(batch, heads, rows, columns, 2)`, normalised `(x,
            y)`.
        theta: what a transformer returned with them. Only that of a thin plate spline, `(batch, K,
            2)` or `(batch, heads, K, 2)`, shows: its control points are drawn.
        control_points: those of the spline, see `keras_attn.ops.thin_plate_spline_grid`.
        captions: a text for each example, written beside it.
        title: a text above the whole figure.
        columns: how many examples stand side by side.
        margin: how much is shown around the inputs, in parts of their size; `None` for what the
            regions need, up to a half.
        align_corners: that of the grid, see the convention of `keras_attn.ops.identity_grid`.
        data_format: String, `"channels_last"` or `"channels_first"`, of `images` and `warped`;
            `None` infers the format from the shape.
        path: a file to write the figure to, `.png`, `.pdf` or `.svg`; its folder is made.

    Returns:
        A `matplotlib.figure.Figure` that no window and no global state belongs to.

    Raises:
        ValueError: If shapes do not match, `grid` is missing, or no transformer is found in the
            model.

    Example:

    >>> images = np.random.default_rng(0).random((2, 8, 8, 1))
    >>> grid = keras_attn.ops.affine_grid(np.ones((2, 1, 1)) * np.eye(2, 3) / 2, (6, 6))
    >>> warped = keras_attn.ops.grid_sample(images, grid, data_format="channels_last")
    >>> figure = keras_attn.visualization.plot_spatial_transformer(
    ...     images, warped, grid, captions=["first", "second"], data_format="channels_last"
    ... )
    >>> len(figure.axes)
    4

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015,
        https://arxiv.org/abs/1506.02025
    """
    if isinstance(images, keras.Model):
        look, options = find_transformations(images, warped)
        images = warped
        warped, theta, grid = (each[0] if isinstance(each, list) else each for each in look(images))
        control_points = options.get("control_points", control_points)
        align_corners = options.get("align_corners", align_corners)
        data_format = data_format or options.get("data_format")
    if grid is None:
        raise ValueError(
            "`grid` must be given with `images` and `warped`, as returned by a transformer with "
            "return_transformation=True; or pass a model and its images. Received: grid=None"
        )
    shapes = [tuple(np.shape(array)) for array in (images, warped, grid)]
    images, warped = (channels_last(array, data_format) for array in (images, warped))
    grid = to_numpy(grid)
    points = _control_points(theta, grid, control_points)
    if grid.ndim == 4:
        grid, warped = grid[:, None], warped[:, None]
        points = None if points is None else points[:, None]
    if isinstance(captions, str):
        raise ValueError(f"`captions` must be a list of texts. Received: captions={captions!r}")
    captions = None if captions is None else [str(caption) for caption in captions]
    _check(images, warped, grid, shapes, captions, columns)

    size = images.shape[1:3]
    regions = to_pixels(grid, size, align_corners)
    points = None if points is None else to_pixels(points, size, align_corners)
    lattices = [[extended(region) for region in heads] for heads in regions]
    if margin is None:
        margin = _needed_margin(lattices, size)
    note = "● the output's top left corner   ▬ its top side" + "\n• control points" * (
        points is not None
    )
    output_size = warped.shape[1:4]
    sheet = Sheet(len(images), columns, size, output_size, margin, captions, title, note)
    show_input, show_output = _colouring(images), _colouring(warped, like=images)

    edge = np.moveaxis(np.indices(output_size[1:], dtype="float64")[::-1], 0, -1)
    edge = extended(edge)
    for number, heads in enumerate(lattices):
        axes = sheet.input_axes(number)
        show_input(axes, images[number])
        for head, lattice in enumerate(heads):
            _draw_region(axes, lattice, colour(head), is_curved(regions[number, head]))
            if points is not None:
                _draw_points(axes, points[number, head], colour(head))
            frame = sheet.output_axes(number, head)
            show_output(frame, warped[number, head])
            _draw_region(frame, edge, colour(head), clip_on=False)
    return saved(sheet.figure, path)


def _draw_region(axes, lattice, shade, curved=False, clip_on=True):
    from matplotlib.patheffects import withStroke

    def line(points, width, under):
        axes.plot(
            *points.T,
            color=shade,
            linewidth=width,
            clip_on=clip_on,
            solid_capstyle="round",
            solid_joinstyle="round",
            path_effects=[withStroke(linewidth=width + under, foreground="black")],
        )

    if curved:
        rows, columns = lattice.shape[:2]
        for part in (0.25, 0.5, 0.75):
            line(lattice[round(part * (rows - 1))], 0.8, 0.0)
            line(lattice[:, round(part * (columns - 1))], 0.8, 0.0)
    top, *others = border(lattice)
    line(np.concatenate(others), 2.0, 1.2)
    line(top, 4.0, 1.2)
    _draw_points(axes, top[0], shade, 8, clip_on)


def _draw_points(axes, points, shade, size=4.5, clip_on=True):
    options = {"markersize": size, "markeredgecolor": "black", "zorder": 3, "clip_on": clip_on}
    axes.plot(*points.T, "o", color=shade, **options)


def _colouring(images, like=None):
    """Arguments that show all images of a set with one color scale."""
    from matplotlib.colors import to_rgb

    like = images if like is None or like.shape[-1] != images.shape[-1] else like
    finite = like[np.isfinite(like)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0

    def show(axes, image):
        image = np.clip((np.nan_to_num(image) - low) / max(high - low, 1e-12), 0, 1)
        if image.shape[-1] == 2:
            image = np.clip(image @ [to_rgb(colour(0)), to_rgb(colour(1))], 0, 1)
        elif image.shape[-1] != 3:
            image = image.mean(-1)
        # `aspect="auto"`: the axes have the image's proportions already.
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")

    return show


def _needed_margin(lattices, size):
    """Margin that the regions need beyond the image, as a fraction of its size."""
    points = np.concatenate([lattice.reshape(-1, 2) for heads in lattices for lattice in heads])
    points = points[np.isfinite(points).all(-1)]
    if not len(points):
        return 0.06
    extent = np.asarray(size[::-1])
    beyond = np.maximum(-0.5 - points, points - (extent - 0.5)) / extent
    return float(np.clip(beyond.max() + 0.05, 0.06, 0.5))


def _control_points(theta, grid, control_points):
    """Normalized positions that the control points of a spline sample; `None` otherwise."""
    if theta is None:
        return None
    theta = to_numpy(theta)
    if theta.ndim != grid.ndim - 1 or theta.shape[-1] != 2:
        return None
    lattice = control_lattice(control_points, 2)
    if theta.shape[-2] != len(lattice):
        raise ValueError(
            f"`theta` must hold a displacement for each of the {len(lattice)} `control_points`. "
            f"Received: theta of shape {theta.shape}"
        )
    return lattice + theta


def _check(images, warped, grid, shapes, captions, columns):
    """Checks the arguments; `shapes` are those of the arrays as passed."""
    images_shape, warped_shape, grid_shape = shapes
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            "`images` must be at least one image, of rank 4 with a batch axis. "
            f"Received: images of shape {images_shape}"
        )
    if grid.ndim != 5 or grid.shape[-1] != 2 or len(grid) != len(images) or 0 in grid.shape:
        raise ValueError(
            f"`grid` must be of shape ({len(images)}, rows, columns, 2), or have a heads axis "
            f"after the batch. Received: grid of shape {grid_shape}"
        )
    if warped.shape[:-1] != grid.shape[:-1]:
        raise ValueError(
            f"`warped` must have the batch, heads and size of the grid, {grid_shape[:-1]}. "
            f"Received: warped of shape {warped_shape}"
        )
    if captions is not None and len(captions) != len(images):
        raise ValueError(
            f"`captions` must be as many as the images, {len(images)}. "
            f"Received: {len(captions)} captions"
        )
    if not isinstance(columns, int) or columns < 1:
        raise ValueError(f"`columns` must be a positive integer. Received: columns={columns!r}")
