"""Models with spatial transformers from the equations of their papers, one example at a time.

Symbols: `K`, `k` are the kernel and the bias of a convolution, `W`, `b` those of a dense layer.
Those of the localization network `f_loc` end in `_loc`, those of its last layer, which gives the
parameters of the transformation, in `_θ`.
"""

import numpy as np

from tests.oracles.networks import convolution, dense, pooling, relu
from tests.oracles.sampling import sample
from tests.oracles.transformations import matrices, matrix_grid, product, transformed


def over_batch(function):
    """Makes a function of one example one of a batch, whose results are stacked."""

    def of_batch(p, *arrays, **options):
        results = [function(p, *each, **options) for each in zip(*arrays, strict=True)]
        return [np.stack(parts) for parts in zip(*results, strict=True)]

    return of_batch


def layer(p, name):
    """Kernel and bias of a convolution or a dense layer, `"3_loc"`."""
    kernel, bias = ("K", "k") if f"K{name}" in p else ("W", "b")
    return p[f"{kernel}{name}"], p[f"{bias}{name}"]


# === Localization networks ===


def small_map(p, image):
    """The image at half its size under two convolutions, with pooling between them."""
    maps = relu(convolution(pooling(image, np.mean), layer(p, "1_loc")))
    return relu(convolution(pooling(maps, np.max), layer(p, "2_loc")))


def convolutional_features(p, image):
    """Jaderberg et al., 2015, appendix A: two convolutions and a dense layer."""
    return relu(dense(pooling(small_map(p, image), np.max).ravel(), layer(p, "3_loc")))


def dense_features(p, image, place=""):
    """Two dense layers on the pixels."""
    return relu(
        dense(relu(dense(image.ravel(), layer(p, f"1_loc{place}"))), layer(p, f"2_loc{place}"))
    )


def shared_features(p, image):
    """Finnveden et al., 2020: the convolutions of the classifier, then a dense layer."""
    return relu(dense(convolutions(p, image), layer(p, "3_loc")))


def four_layer_features(p, image):
    """Jaderberg et al., 2015, ST-CNN Single: two convolutions with pooling, two dense layers."""
    maps = image
    for name in ("1_loc", "2_loc"):
        maps = pooling(relu(convolution(maps, layer(p, name))), np.max)
    return relu(dense(relu(dense(maps.ravel(), layer(p, "3_loc"))), layer(p, "4_loc")))


def flow_features(p, image, size, num_heads):
    """A displacement for each pixel of the output, from a 3×3 convolution of a small map."""
    maps = convolution(small_map(p, image), layer(p, "_θ"))
    grid = matrix_grid(np.eye(2, 3), size)
    maps = sample(maps, grid, padding_mode="border")
    return np.moveaxis(maps.reshape(*size, num_heads, 2), 2, 0)


# === Jaderberg et al., 2015, section 4.1 and appendix A.1 ===


SAMPLING = ("interpolation", "padding_mode", "antialias")


def transformer(p, image, features, transformation="affine", size=None, **options):
    """Warped image, theta and grid: `V = sample(U, T_θ(G))`, `θ = f_loc(U)`.

    Args:
        features: Function of `p` and an image, the localization network without its last layer.
        size: Size of the output; by default that of the image.
        **options: Arguments of `transformed` and `sample`.
    """
    size = size or image.shape[:-1]
    sampling = {name: options.pop(name) for name in SAMPLING if name in options}
    if transformation == "flow":
        parameters = flow_features(p, image, size, options.get("num_heads", 1))
    else:
        parameters = dense(features(p, image), layer(p, "_θ"))
    theta, grid = transformed(parameters, transformation, size, **options)
    align_corners = options.get("align_corners", False)
    return sample(image, grid, align_corners=align_corners, **sampling), theta, grid


def convolutions(p, maps):
    """CNN: a 9×9 convolution, pooling, a 7×7 convolution, pooling, without padding."""
    for name in ("1", "2"):
        maps = pooling(relu(convolution(maps, layer(p, name), padding="valid")), np.max, "valid")
    return maps.ravel()


def pixels(p, maps):
    """FCN: the pixels themselves."""
    return maps.ravel()


def logits(p, features):
    """Hidden dense layers `h`, as many as there are, and the logits."""
    hidden = sorted(name[1:] for name in p if name.startswith("W_h"))
    for name in hidden:
        features = relu(dense(features, layer(p, name)))
    return dense(features, layer(p, "_o"))


def classifier(backbone, features=None, **options):
    """`logits = f(V)`; the backbone is applied to the image of each head."""

    @over_batch
    def forward(p, image):
        if features is None:
            return (logits(p, backbone(p, image)),)
        look = transformer(p, image, features, **options)
        heads = look[0] if options.get("num_heads", 1) > 1 else [look[0]]
        return logits(p, np.concatenate([backbone(p, each) for each in heads])), *look

    return lambda p, image: described(forward(p, image))


def addition(backbone, features=None, **options):
    """`logits = f([V¹, V²])`: the images of the heads are stacked along the channels."""

    @over_batch
    def forward(p, pair):
        if features is None:
            return (logits(p, backbone(p, pair)),)
        look = transformer(p, pair, features, **options)
        heads = look[0] if options.get("num_heads", 1) > 1 else [look[0]]
        return logits(p, backbone(p, np.concatenate(heads, axis=-1))), *look

    return lambda p, pair: described(forward(p, pair))


def described(results):
    """Results in the form of `tests.conformance.oracle.Oracle`."""
    outputs, *look = results
    return {"outputs": [outputs], **({"transformations": look} if look else {})}


# === Jaderberg et al., 2015, section 4.2 ===


def digit_sequence(p, image, transformers, max_length, **options):
    """Eight 5×5 convolutions, every other one with pooling, and three dense layers.

    `transformers` is "none", "single" or "multi": a transformer before the first convolution, or
    before each of the first four.
    """
    warped_layers = {"none": 0, "single": 1, "multi": 4}[transformers]

    @over_batch
    def forward(p, image):
        maps, looks = image, []
        for n in range(1, 9):
            if n <= warped_layers:
                if transformers == "single":
                    features = four_layer_features(p, maps)
                else:
                    features = dense_features(p, maps, place=f"{n}")
                place = "_θ" if transformers == "single" else f"_θ{n}"
                parameters = dense(features, layer(p, place))
                theta, grid = transformed(parameters, "affine", maps.shape[:-1], **options)
                maps = sample(maps, grid)
                looks.append((maps, theta, grid))
            maps = relu(convolution(maps, layer(p, str(n))))
            if n % 2 == 1:
                maps = pooling(maps, np.max)
        numbers = logits(p, maps.ravel()).reshape(max_length, -1)
        return numbers, *[part for parts in zip(*looks, strict=True) for part in parts]

    return described(forward(p, image))


# === Lin and Lucey, 2017 ===


def inverse_compositional(p, image, transformation, num_warps, **sampling):
    """`T_k(x) = T_{k-1}(Δ_k(x))`, `Δ_k = f(I ∘ T_{k-1})`; each step samples the first image."""

    @over_batch
    def forward(p, image):
        size = image.shape[:-1]
        theta = np.eye(3 if transformation == "projective" else 2, 3)
        warped = image
        for _ in range(num_warps):
            change = matrices(
                dense(convolutional_features(p, warped), layer(p, "_θ")), transformation
            )
            theta = product(change, theta)
            grid = matrix_grid(theta, size)
            warped = sample(image, grid, **sampling)
        return logits(p, convolutions(p, warped)), warped, theta, grid

    return described(forward(p, image))


# === Jaderberg et al., 2015, appendix A.2 ===


def encoder(p, crop):
    """Random features of length 1: two convolutions at every second pixel, a dense layer."""
    for name in ("1_e", "2_e"):
        crop = relu(convolution(crop, layer(p, name), stride=2))
    vector = dense(crop.ravel(), layer(p, "3_e"))
    return vector / np.linalg.norm(vector)


def co_localizer(
    p, image, size, crop_scale=0.5, transformation="attention", scale_range=None, **sampling
):
    """Crops `I^T`, which begin at `crop_scale` and do not leave the image by their shift."""

    @over_batch
    def forward(p, image):
        parameters = dense(convolutional_features(p, image), layer(p, "_θ"))
        theta = matrices(parameters, transformation, 2, scale_range, 1 - crop_scale)
        theta[:, :2] *= crop_scale
        grid = matrix_grid(theta, size)
        x, y = theta[:, 2]
        right, down = theta[0, 0], theta[1, 1]
        height, width, _ = image.shape
        box = [(x - right + 1) * width, (y - down + 1) * height]
        box += [(x + right + 1) * width, (y + down + 1) * height]
        return sample(image, grid, **sampling), theta, grid, np.array(box) / 2

    crops, theta, grid, boxes = forward(p, image)
    return {"outputs": [crops], "transformations": [crops, theta, grid], "boxes": [boxes]}


def triplets(found, chance, margin, weights=None):
    """`Σ_n Σ_{m≠n} max(0, ‖e(I_n^T) - e(I_m^T)‖² - ‖e(I_n^T) - e(I_n^rand)‖² + α)`."""
    total = 0.0
    for n in range(len(found)):
        for m in set(range(len(found))) - {n}:
            between = np.sum((found[n] - found[m]) ** 2)
            within = np.sum((found[n] - chance[n]) ** 2)
            share = 1.0 if weights is None else weights[n] * weights[m]
            total += share * max(0.0, between - within + margin)
    return total


def co_localizer_training(
    p, draws, targets, image, size, crop_scale=0.5, margin=1.0, features=encoder, **options
):
    """The loss, with `I^rand` at shifts drawn from within the image."""
    crops = co_localizer(p, image, size, crop_scale, **options)["outputs"]
    (shifts,) = draws[""]
    assert np.abs(shifts).max() <= 1 - crop_scale
    sampling = {name: options[name] for name in ("padding_mode",) if name in options}
    random = []
    for each, (x, y) in zip(image, shifts[..., 0], strict=True):
        theta = np.array([[crop_scale, 0, x], [0, crop_scale, y]])
        random.append(sample(each, matrix_grid(theta, size), **sampling))
    found, chance = ([features(p, crop) for crop in some] for some in (crops[0], random))
    return {"loss": triplets(found, chance, margin), "outputs": crops}
