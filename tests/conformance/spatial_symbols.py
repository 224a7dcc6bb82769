"""Symbols of the papers for the weights of models with spatial transformers.

`K` and `k` are kernel and bias of a convolution, `W` and `b` those of a dense layer; see
`tests.oracles.spatial_models`.
"""


def convolutions(**paths):
    """Returns symbols `K`, `k` with the given endings, for paths of layers."""
    return _layers("K", "k", paths)


def dense(**paths):
    """Returns symbols `W`, `b` with the given endings, for paths of layers."""
    return _layers("W", "b", paths)


def _layers(kernel, bias, paths):
    symbols = {f"{kernel}{name}": f"{path}/kernel" for name, path in paths.items()}
    return {**symbols, **{f"{bias}{name}": f"{path}/bias" for name, path in paths.items()}}


def default_localization(prefix=""):
    """Two convolutions, a dense layer and the parameters."""
    return {
        **convolutions(**{f"{n}_loc": f"{prefix}localization/convolution_{n}" for n in (1, 2)}),
        **dense(**{"3_loc": f"{prefix}localization/features"}),
        **dense(_θ=f"{prefix}transformation/parameters"),
    }


def dense_localization(place="", localization="transform/localization", transform="transform"):
    """Two dense layers and the parameters."""
    return dense(
        **{f"{n}_loc{place}": f"{localization}/hidden_{n}" for n in (1, 2)},
        **{f"_θ{place}": f"{transform}/transformation/parameters"},
    )


def shared_localization():
    """The convolutions of the classifier, a dense layer and the parameters."""
    return dense(**{"3_loc": "localization/summary"}, _θ="transform/transformation/parameters")


def flow_localization():
    """Two convolutions, and the parameters as a third."""
    paths = {f"{n}_loc": f"transform/localization/convolution_{n}" for n in (1, 2)}
    return convolutions(**paths, _θ="transform/transformation/parameters")


def backbone(name):
    """Layers behind the transformer."""
    hidden = {"cnn": (1,), "fcn": (1, 2)}[name]
    symbols = dense(_o="logits", **{f"_h{n}": f"hidden_{n}" for n in hidden})
    if name == "fcn":
        return symbols
    return {**symbols, **convolutions(**{f"{n}": f"features/convolution_{n}" for n in (1, 2)})}


def digit_sequence(transformers):
    """Eight convolutions, three dense layers, the numbers' digits, and the transformers."""
    found = {
        **convolutions(**{f"{n}": f"convolution_{n}" for n in range(1, 9)}),
        **dense(_o="classifier", **{f"_h{n}": f"hidden_{n}" for n in (1, 2, 3)}),
    }
    if transformers == "multi":
        for n in range(1, 5):
            found |= dense_localization(n, f"transform_{n}/localization_{n}", f"transform_{n}")
        return found
    first = "transform_1/localization_1"
    return {
        **found,
        **convolutions(**{f"{n}_loc": f"{first}/convolution_{n}" for n in (1, 2)}),
        **dense(**{f"{n + 2}_loc": f"{first}/hidden_{n}" for n in (1, 2)}),
        **dense(_θ="transform_1/transformation/parameters"),
    }


# The random encoder of `CoLocalizer`.
ENCODER = {
    **convolutions(**{f"{n}_e": f"encoder/convolution_{n}" for n in (1, 2)}),
    **dense(**{"3_e": "encoder/features"}),
}
