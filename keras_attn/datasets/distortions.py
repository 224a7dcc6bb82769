"""The distorted digits of Jaderberg et al. 2015: R, RTS, P, E, T and TC.

The paper's numbers are the defaults. What it leaves open, and is chosen here:

- All warps look backwards, from a pixel of the output to a point of the image, with bilinear taps
  and zeros outside. P and E keep the size of their images.
- RTS and T: "anywhere" is uniform over the places where the scaled image, before it is rotated,
  lies wholly inside the canvas; in T by whole pixels, so that nothing is blurred.
- P: corner noise that folds the quadrilateral over is drawn again.
- E: the control points span the image from edge to edge, and displace the points to sample.
- TC: the crops are added to the image and clipped to 1.
"""

from keras_attn.datasets.clutter import (
    Clutter,
    ClutteredTranslation,
    Translation,
    check_distractors,
)
from keras_attn.datasets.warping import check_images, distorted
from keras_attn.datasets.warps import AffineWarp, ElasticWarp, ProjectiveWarp

KINDS = ("none", "R", "RTS", "P", "E", "T", "TC")


def distort(
    images,
    kind,
    seed=0,
    size=None,
    distractors=None,
    num_distractors=None,
    distractor_size=None,
    return_theta=False,
    return_boxes=False,
    verbose=0,
):
    """Distorts every image at random, as Jaderberg et al. distort MNIST.

    | `kind` | what is drawn for every image | 28×28 becomes |
    | --- | --- | --- |
    | `"none"` | nothing | 28×28 |
    | `"R"` | rotation by -90° to 90° | 28×28 |
    | `"RTS"` | rotation by -45° to 45°, scale 0.7 to 1.2, place | 42×42 |
    | `"P"` | scale 0.75 to 1, noise of 5 pixels for each corner | 28×28 |
    | `"E"` | scale 0.75 to 1, noise of 1.5 pixels for 4×4 points of a thin plate spline | 28×28 |
    | `"T"` | place | 60×60 |
    | `"TC"` | place, then 16 crops of 6×6 pixels of other images | 60×60 |

    Ranges are uniform; noise is normal, with the standard deviation given. An image's distortion
    depends on the seed and its position only, not on how many images follow (but for `"TC"`
    without `distractors`, whose crops come from the whole set).

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        kind: a key of the table.
        seed: non-negative integer, or several.
        size: side of the canvas in pixels, for `"RTS"` (default 42), `"T"` and `"TC"` (60).
        distractors: for `"TC"`, the images `(M, H', W', C)` to cut crops from: the training
            images, for training and test alike. `None` for `images`.
        num_distractors, distractor_size: for `"TC"`, how many crops (16) and their side in pixels
            (6). Models that look at parts of an image are tried with 4 of 8 pixels on 60×60, and
            with 8 of 8 on 100×100.
        return_theta: also return the affine matrices that a spatial transformer would need to undo
            the distortion: `affine_grid(theta, (H, W))` samples the upright digit from the output.
            For `"none"`, `"R"`, `"RTS"`, `"T"` and `"TC"`.
        return_boxes: also return where the image went, for the same kinds.
        verbose: 1 shows a progress bar.

    Returns:
        The distorted images, float32 `(N, H', W', C)` in [0, 1]; followed, as asked, by

        - `theta`, float32 `(N, 2, 3)`, from normalised coordinates of the undistorted image to
          normalised coordinates of the output, both by `align_corners=False`;
        - `boxes`, float32 `(N, 4)`, `(x_min, y_min, x_max, y_max)` in pixels of the output, 0 at
          its left and upper edge: the smallest upright box around the four corners of the placed
          image, cut off at the output's edges.

    Raises:
        ValueError: for an unknown kind, wrong shapes, values outside [0, 1], a canvas too small,
            or an argument that the kind does not have.

    Example:

    >>> digits, _ = keras_attn.datasets.glyph_digits("test", num_examples=4)
    >>> warped, theta = keras_attn.datasets.distort(digits, "RTS", return_theta=True)
    >>> warped.shape, theta.shape
    ((4, 42, 42, 1), (4, 2, 3))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.1 and appendix A.4,
        https://arxiv.org/abs/1506.02025
    """
    images = check_images(images)
    crops = num_distractors, distractor_size
    distortion = make_distortion(kind, images, size, distractors, *crops)
    if (return_theta or return_boxes) and not hasattr(distortion, "theta"):
        raise ValueError(
            f"`return_theta` and `return_boxes` need an affine distortion. Received: kind={kind!r}"
        )
    return distorted(distortion, images, seed, verbose, return_theta, return_boxes)


def make_distortion(
    kind, images, size=None, distractors=None, num_distractors=None, distractor_size=None
):
    """The distortion that `kind` names: an object with `draw`, `apply` and `output_shape`.

    Arguments and errors: see `distort`. Those that are affine have `theta` too.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    if size is not None and kind not in ("RTS", "T", "TC"):
        raise ValueError(f"`size` needs a kind with a canvas. Received: size={size}, kind={kind!r}")
    of_clutter = {
        "distractors": distractors,
        "num_distractors": num_distractors,
        "distractor_size": distractor_size,
    }
    for name, given in of_clutter.items():
        if given is not None and kind != "TC":
            raise ValueError(f'`{name}` needs `kind="TC"`. Received: kind={kind!r}')
    match kind:
        case "none":
            distortion = AffineWarp(0.0)
        case "R":
            distortion = AffineWarp(90.0)
        case "RTS":
            distortion = AffineWarp(45.0, (0.7, 1.2), 42 if size is None else size)
        case "P":
            distortion = ProjectiveWarp((0.75, 1.0), 5.0)
        case "E":
            distortion = ElasticWarp((0.75, 1.0), 1.5, (4, 4))
        case "T":
            distortion = Translation(60 if size is None else size)
        case "TC":
            distortion = clutter_distortion(
                images,
                60 if size is None else size,
                16 if num_distractors is None else num_distractors,
                6 if distractor_size is None else distractor_size,
                distractors,
            )
    distortion.output_shape(images.shape[1:])
    return distortion


def clutter_distortion(images, size, num_distractors, distractor_size, distractors):
    """Places images in a canvas and scatters crops of `distractors`, or of the images, over it."""
    return ClutteredTranslation(
        Translation(size),
        Clutter(num_distractors, distractor_size),
        check_distractors(distractors, images),
        distractors is None,
    )


def rotated(images, max_angle=90.0, seed=0, verbose=0):
    """Rotates each image about its centre: R.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        max_angle: the angle is uniform in `[-max_angle, max_angle]`, degrees.
        seed, verbose: see `distort`.

    Returns:
        float32 `(N, H, W, C)` in [0, 1].

    Example:

    >>> keras_attn.datasets.rotated(np.ones((2, 28, 28, 1)), max_angle=30).shape
    (2, 28, 28, 1)
    """
    return distorted(AffineWarp(max_angle), check_images(images), seed, verbose)


def rotated_scaled_translated(
    images,
    max_angle=45.0,
    scale_range=(0.7, 1.2),
    size=42,
    seed=0,
    return_theta=False,
    return_boxes=False,
    verbose=0,
):
    """Rotates and scales each image and puts it anywhere in a canvas: RTS.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        max_angle: the angle is uniform in `[-max_angle, max_angle]`, degrees.
        scale_range: smallest and largest scale, uniform between.
        size: side of the canvas, in pixels; it must hold the images at their largest scale.
        seed, return_theta, return_boxes, verbose: see `distort`.

    Returns:
        float32 `(N, size, size, C)` in [0, 1]; followed by what was asked for, see `distort`.

    Example:

    >>> digits = np.ones((2, 28, 28, 1))
    >>> keras_attn.datasets.rotated_scaled_translated(digits, size=40).shape
    (2, 40, 40, 1)
    """
    warp = AffineWarp(max_angle, scale_range, size)
    return distorted(warp, check_images(images), seed, verbose, return_theta, return_boxes)


def projected(images, scale_range=(0.75, 1.0), sigma=5.0, seed=0, verbose=0):
    """Scales each image and moves its corners, a projective transformation: P.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        scale_range: smallest and largest scale, uniform between.
        sigma: standard deviation of the corners' noise, in pixels.
        seed, verbose: see `distort`.

    Returns:
        float32 `(N, H, W, C)` in [0, 1].

    Example:

    >>> keras_attn.datasets.projected(np.ones((2, 28, 28, 1))).shape
    (2, 28, 28, 1)
    """
    return distorted(ProjectiveWarp(scale_range, sigma), check_images(images), seed, verbose)


def elastically_warped(
    images, scale_range=(0.75, 1.0), sigma=1.5, control_shape=(4, 4), seed=0, verbose=0
):
    """Scales each image and bends it by a thin plate spline: E.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        scale_range: smallest and largest scale, uniform between.
        sigma: standard deviation of the control points' noise, in pixels.
        control_shape: rows and columns of control points, evenly from edge to edge.
        seed, verbose: see `distort`.

    Returns:
        float32 `(N, H, W, C)` in [0, 1].

    Example:

    >>> keras_attn.datasets.elastically_warped(np.ones((2, 28, 28, 1))).shape
    (2, 28, 28, 1)
    """
    warp = ElasticWarp(scale_range, sigma, control_shape)
    return distorted(warp, check_images(images), seed, verbose)


def translated(images, size=60, seed=0, return_theta=False, return_boxes=False, verbose=0):
    """Puts each image anywhere in a black canvas, by whole pixels: T.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        size: side of the canvas, in pixels.
        seed, return_theta, return_boxes, verbose: see `distort`.

    Returns:
        float32 `(N, size, size, C)` in [0, 1]; followed by what was asked for, see `distort`.

    Example:

    >>> keras_attn.datasets.translated(np.ones((2, 28, 28, 1)), size=84).shape
    (2, 84, 84, 1)
    """
    images = check_images(images)
    return distorted(Translation(size), images, seed, verbose, return_theta, return_boxes)


def cluttered(
    images,
    size=60,
    num_distractors=4,
    distractor_size=8,
    seed=0,
    distractors=None,
    return_theta=False,
    return_boxes=False,
    verbose=0,
):
    """Puts each image anywhere in a canvas and scatters pieces of other images over it.

    Every distractor is a square crop at a random place of a random image, added at a random place
    of the canvas and clipped to 1: `min(1, canvas + Σ crops)`. The image is neither moved nor
    covered by it. Crops near the rim of a digit's image may be blank.

    | task | call |
    | --- | --- |
    | Mnih et al. and DRAW, 60×60 | `cluttered(images)` |
    | Mnih et al. and DRAW, 100×100 | `cluttered(images, size=100, num_distractors=8)` |
    | Jaderberg et al., TC | `cluttered(images, num_distractors=16, distractor_size=6)` |

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        size: side of the canvas, in pixels.
        num_distractors: how many crops a canvas gets.
        distractor_size: their side, in pixels.
        seed, return_theta, return_boxes, verbose: see `distort`.
        distractors: `(M, H', W', C)` in [0, 1], the images to cut the crops from: the training
            digits, for training and test alike. `None` for `images`, never an image's own pieces.

    Returns:
        float32 `(N, size, size, C)` in [0, 1]; followed by what was asked for, see `distort`.

    Example:

    >>> digits = np.zeros((2, 28, 28, 1))
    >>> keras_attn.datasets.cluttered(digits, distractors=np.ones((1, 28, 28, 1))).shape
    (2, 60, 60, 1)

    Reference:
        Mnih et al., "Recurrent Models of Visual Attention", 2014,
        https://arxiv.org/abs/1406.6247
    """
    images = check_images(images)
    distortion = clutter_distortion(images, size, num_distractors, distractor_size, distractors)
    return distorted(distortion, images, seed, verbose, return_theta, return_boxes)
