"""The random warps of Jaderberg et al.: each draws its numbers for a whole set, then applies them.

`draw(num, image_shape, seed)` gives a dict of arrays whose first axis is the image;
`apply(images, drawn)` distorts any slice of the set with the same slice of the arrays;
`output_shape(image_shape)` is the height and width of what comes out.
Angles are radians, lengths pixels; `x` points right and `y` down from the image's centre.
"""

import dataclasses
import functools
import numbers

import numpy as np

from keras_attn.datasets.warping import bilinear_sample, check_count, child_seeds, streams
from keras_attn.ops.checks import check_number


def check_range(scale_range):
    """Refuses scales that are not two positive numbers, the smaller first."""
    pair = isinstance(scale_range, (tuple, list)) and len(scale_range) == 2
    numeric = pair and all(isinstance(scale, numbers.Real) for scale in scale_range)
    if not numeric or not 0 < scale_range[0] <= scale_range[1] < np.inf:
        raise ValueError(
            "`scale_range` must be two positive numbers, the smaller first. "
            f"Received: scale_range={scale_range}"
        )


def check_sigma(sigma):
    """Refuses a standard deviation that is negative or not finite."""
    check_number("sigma", sigma, "be finite and not negative", lambda value: 0 <= value < np.inf)


def offsets(length):
    """Positions of the pixel centres, as seen from the middle of the image: float32 `(length,)`."""
    return np.arange(length, dtype="float32") - np.float32((length - 1) / 2)


@dataclasses.dataclass(frozen=True)
class AffineWarp:
    """Rotation, scale, and a place in a square canvas.

    What is drawn is `angle` and `scale`, `(N,)`, and `shift`, `(N, 2)`, x and y from the middle of
    the canvas to that of the image.

    Args:
        max_angle: the angle is uniform in `[-max_angle, max_angle]`, degrees.
        scale_range: smallest and largest scale, uniform between.
        size: side of the canvas, in pixels; None for the size of the image, which then stays in the
            middle.

    Raises:
        ValueError: for an angle, scale or size out of its range; in `output_shape`, for images that
            the canvas does not hold at their largest scale.
    """

    max_angle: float
    scale_range: tuple = (1.0, 1.0)
    size: int | None = None

    def __post_init__(self):
        check_range(self.scale_range)
        check_number(
            "max_angle", self.max_angle, "lie in 0..180 degrees", lambda value: 0 <= value <= 180
        )
        if self.size is not None:
            check_count(self.size, "size")

    def output_shape(self, image_shape):
        height, width = image_shape[:2]
        if self.size is None:
            return height, width
        if max(height, width) * self.scale_range[1] > self.size:
            raise ValueError(
                f"`size` must hold the images at their largest scale, {self.scale_range[1]}. "
                f"Received: size={self.size} for images of {height}x{width}"
            )
        return self.size, self.size

    def draw(self, num, image_shape, seed):
        uniform = streams(seed, 1)[0].random((num, 4), dtype="float32")
        low, high = self.scale_range
        angle = np.radians(self.max_angle) * (2 * uniform[:, 0] - 1)
        scale = low + (high - low) * uniform[:, 1]
        free = np.zeros((num, 2), dtype="float32")
        if self.size is not None:
            height, width = image_shape[:2]
            frame = np.asarray([width, height], dtype="float32")
            free = self.size - scale[:, None] * frame
        shift = free * (uniform[:, 2:] - np.float32(0.5))
        drawn = {"angle": angle, "scale": scale, "shift": shift}
        return {name: value.astype("float32") for name, value in drawn.items()}

    def apply(self, images, drawn):
        height, width = images.shape[1:3]
        rows, columns = self.output_shape(images.shape[1:])
        cosine = (np.cos(drawn["angle"]) / drawn["scale"])[:, None, None]
        sine = (np.sin(drawn["angle"]) / drawn["scale"])[:, None, None]
        across = offsets(columns)[None, None, :] - drawn["shift"][:, 0, None, None]
        down = offsets(rows)[None, :, None] - drawn["shift"][:, 1, None, None]
        x = (cosine * across + np.float32((width - 1) / 2)) - sine * down
        y = sine * across + (cosine * down + np.float32((height - 1) / 2))
        return bilinear_sample(images, x, y)

    def theta(self, drawn, image_shape):
        """`(N, 2, 3)` from the undistorted image to the canvas, both normalised."""
        height, width = image_shape[:2]
        rows, columns = self.output_shape(image_shape)
        cosine = np.cos(drawn["angle"]) * drawn["scale"]
        sine = np.sin(drawn["angle"]) * drawn["scale"]
        x, y = 2 * drawn["shift"].T
        theta = [
            [cosine * width / columns, sine * height / columns, x / columns],
            [-sine * width / rows, cosine * height / rows, y / rows],
        ]
        return np.asarray(theta, dtype="float32").transpose(2, 0, 1)


@dataclasses.dataclass(frozen=True)
class ProjectiveWarp:
    """A scale, then every corner of the image moved by normal noise.

    What is drawn is `corners`, `(N, 4, 2)`: where those of the image go, clockwise from the upper
    left one.

    Args:
        scale_range: smallest and largest scale, uniform between.
        sigma: standard deviation of the noise, in pixels.

    Raises:
        ValueError: for scales or a deviation out of their range.
    """

    scale_range: tuple
    sigma: float

    def __post_init__(self):
        check_range(self.scale_range)
        check_sigma(self.sigma)

    def output_shape(self, image_shape):
        return tuple(image_shape[:2])

    def _corners(self, image_shape):
        height, width = image_shape[:2]
        unit = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        return unit * [width / 2, height / 2]

    def draw(self, num, image_shape, seed):
        uniform_seed, noise_seed = child_seeds(seed, 2)
        low, high = self.scale_range
        scale = low + (high - low) * np.random.default_rng(uniform_seed).random(num)
        corners = scale[:, None, None] * self._corners(image_shape)
        moved = np.empty_like(corners)
        # A quadrilateral that is not convex folds the image over: its noise is drawn again.
        # Every round has its own stream and draws for all, so that no image depends on another.
        folded, rounds = np.ones(num, dtype=bool), 0
        while folded.any():
            rounds += 1
            stream = streams(noise_seed, rounds)[-1]
            again = corners + self.sigma * stream.standard_normal((num, 4, 2))
            moved[folded] = again[folded]
            folded = ~_convex(moved)
        return {"corners": moved}

    def apply(self, images, drawn):
        num, height, width = images.shape[:3]
        matrix = _homography(drawn["corners"], self._corners(images.shape[1:])).astype("float32")
        across, down = offsets(width)[None, None, :], offsets(height)[None, :, None]
        entry = [value[:, None, None] for value in matrix.reshape(num, 9).T]
        depth = (entry[6] * across + entry[8]) + entry[7] * down
        # Points behind the projection's centre see nothing: far outside.
        behind = depth < 1e-6
        depth = np.where(behind, np.float32(1), depth)
        x = ((entry[0] * across + entry[2]) + entry[1] * down) / depth
        y = ((entry[3] * across + entry[5]) + entry[4] * down) / depth
        x = np.where(behind, np.float32(-width), x) + np.float32((width - 1) / 2)
        return bilinear_sample(images, x, y + np.float32((height - 1) / 2))


def _convex(corners):
    """True for each quadrilateral of `(N, 4, 2)` that is convex and keeps its orientation."""
    edges = np.roll(corners, -1, axis=1) - corners
    following = np.roll(edges, -1, axis=1)
    return (edges[..., 0] * following[..., 1] > edges[..., 1] * following[..., 0]).all(axis=1)


def _homography(source, target):
    """`(N, 3, 3)` that sends the four points of `source` `(N, 4, 2)` to `target` `(4, 2)`.

    The depth, its last row, is positive at `source`.
    """
    num = len(source)
    x, y = source[..., 0], source[..., 1]
    u, v = np.broadcast_to(target[:, 0], x.shape), np.broadcast_to(target[:, 1], y.shape)
    one, zero = np.ones_like(x), np.zeros_like(x)
    upper = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=-1)
    lower = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=-1)
    system = np.concatenate([upper, lower], axis=1)
    solution = np.linalg.solve(system, np.concatenate([u, v], axis=1)[..., None])[..., 0]
    matrix = np.concatenate([solution, np.ones((num, 1))], axis=1).reshape(num, 3, 3)
    # The solution has depth 1 at the origin, which may lie on the other side of the horizon.
    depth = matrix[:, 2, 0] * x[:, 0] + matrix[:, 2, 1] * y[:, 0] + 1
    return matrix * np.where(depth < 0, -1, 1)[:, None, None]


@dataclasses.dataclass(frozen=True)
class ElasticWarp:
    """A scale, then a thin plate spline whose control points move by normal noise.

    What is drawn is `scale`, `(N,)`, and `displacement`, `(N, control points, 2)`, row by row.

    Args:
        scale_range: smallest and largest scale, uniform between.
        sigma: standard deviation of the noise, in pixels.
        control_shape: rows and columns of control points, evenly from edge to edge.

    Raises:
        ValueError: for scales or a deviation out of their range, or less than 2×2 control points.
    """

    scale_range: tuple
    sigma: float
    control_shape: tuple

    def __post_init__(self):
        check_range(self.scale_range)
        check_sigma(self.sigma)
        shape = self.control_shape
        pair = isinstance(shape, (tuple, list)) and len(shape) == 2
        if not pair or not all(hasattr(each, "__index__") and each >= 2 for each in shape):
            raise ValueError(
                "`control_shape` must be two integers >= 2. "
                f"Received: control_shape={self.control_shape}"
            )

    def output_shape(self, image_shape):
        return tuple(image_shape[:2])

    def draw(self, num, image_shape, seed):
        uniform, normal = streams(seed, 2)
        low, high = self.scale_range
        scale = low + (high - low) * uniform.random(num)
        control = self.control_shape[0] * self.control_shape[1]
        moved = self.sigma * normal.standard_normal((num, control, 2))
        return {"scale": scale.astype("float32"), "displacement": moved.astype("float32")}

    def apply(self, images, drawn):
        num, height, width = images.shape[:3]
        basis = _spline_basis(height, width, tuple(self.control_shape))
        moved = (drawn["displacement"].transpose(0, 2, 1) @ basis).reshape(num, 2, height, width)
        moved[:, 0] += offsets(width)[None, None, :]
        moved[:, 1] += offsets(height)[None, :, None]
        moved /= drawn["scale"][:, None, None, None]
        x = moved[:, 0] + np.float32((width - 1) / 2)
        return bilinear_sample(images, x, moved[:, 1] + np.float32((height - 1) / 2))


@functools.lru_cache(maxsize=8)
def _spline_basis(height, width, control_shape):
    """`(control points, H·W)`: how far each pixel follows each control point.

    `U(r) = ½ r² log r²` between points, and an affine part, over coordinates from -1 to 1 (in
    pixels the system would be badly conditioned).
    """
    lattice = _lattice(*(np.linspace(-1, 1, count) for count in control_shape))
    points = _lattice(2 * offsets(height) / height, 2 * offsets(width) / width)
    count = len(lattice)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _spline_kernel(lattice, lattice)
    system[:count, count:] = np.hstack([np.ones((count, 1)), lattice])
    system[count:, :count] = system[:count, count:].T
    values = np.hstack([_spline_kernel(points, lattice), np.ones((len(points), 1)), points])
    # The system is symmetric, so that this is values · system⁻¹, transposed.
    return np.linalg.solve(system, values.T)[:count].astype("float32")


def _lattice(rows, columns):
    """`(rows·columns, 2)` points `(x, y)`, row by row."""
    y, x = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=-1).astype("float64")


def _spline_kernel(points, others):
    square = np.square(points[:, None] - others[None]).sum(-1)
    return 0.5 * square * np.log(np.where(square > 0, square, 1.0))
