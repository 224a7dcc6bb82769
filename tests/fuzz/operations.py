"""Arguments and results of the public ops, by the names of axes."""

import dataclasses

import numpy as np

from keras_attn import ops


@dataclasses.dataclass(frozen=True)
class Op:
    """A function of `keras_attn.ops`.

    Args:
        tensors: String, `"name: axes; name: axes"`. An axis is an expression of sizes.
        results: String, axes of the results separated by semicolons.
        options: Dictionary of further arguments, name → valid values.
        optional: String like `tensors`, of boolean arguments that may be `None`.
        within: Dictionary, name of a tensor → smallest and largest value, [-1, 1] by default.
        excluded: Dictionaries of options that the function refuses together.
    """

    tensors: str
    results: str
    options: dict = dataclasses.field(default_factory=dict)
    optional: str = ""
    within: dict = dataclasses.field(default_factory=dict)
    excluded: tuple = ()

    def is_possible(self, options):
        """True if the function takes these valid options together."""
        return not any(
            all(options[name] == value for name, value in together.items())
            for together in self.excluded
        )

    def arrays(self, sizes, kept):
        """Returns the tensors by name.

        Args:
            sizes: Dictionary, axis → size.
            kept: Collection of the optional tensors that are not `None`.
        """
        generator = np.random.default_rng(0)
        arrays = {}
        for name, axes in parsed(self.tensors).items():
            low, high = self.within.get(name, (-1.0, 1.0))
            shape = shape_of(axes, sizes)
            arrays[name] = generator.uniform(low, high, shape).astype("float32")
        for name, axes in parsed(self.optional).items():
            if name in kept:
                arrays[name] = generator.uniform(size=shape_of(axes, sizes)) < 0.7
        return arrays

    def axes(self):
        """Returns the names of the axes whose sizes are free."""
        names = set()
        for axes in [*parsed(self.tensors).values(), *parsed(self.optional).values()]:
            names |= {name for axis in axes for name in axis_names(axis)}
        return sorted(names)

    def shapes(self, sizes):
        """Returns the shapes of the results."""
        return [shape_of(axes.split(), sizes) for axes in self.results.split(";")]


def parsed(text):
    """Parses `"name: axes; name: axes"` to a dictionary."""
    pairs = (each.split(":") for each in text.split(";") if each.strip())
    return {name.strip(): axes.split() for name, axes in pairs}


def axis_names(axis):
    return [name for name in axis.replace("*", "+").split("+") if name.isidentifier()]


def shape_of(axes, sizes):
    return tuple(eval(axis, {}, dict(sizes)) for axis in axes)


def window_box(center_x, center_y, stride, variance, intensity, patch_size):
    window = ops.GaussianWindow(center_x, center_y, stride, variance, intensity)
    return ops.window_box(window, patch_size)


def clip_gradients(tensor, limit):
    return ops.clip_gradients([tensor], limit)[0]


UNIT = (0.0, 1.0)
FLAG = (False, True)
SCORES = "query: batch queries width; key: batch values width"
PLAIN = "query: batch queries width; key: batch values depth"
SIZE = {"output_shape": ((2, 3), [3, 2]), "align_corners": FLAG}
MASK = "query_mask: batch queries"
WINDOW = "center: batch; stride: batch; variance: batch"
FILTERS = "filters_y: batch rows height; filters_x: batch columns width"
HEADS = "batch heads locations"
NTM = (
    "key: batch heads width; strength: batch heads; gate: batch heads; "
    "shift: batch heads 2*reach+1; sharpening: batch heads; memory: batch locations width; "
    "previous: batch heads locations"
)
NTM_WITHIN = {
    "strength": (0.0, 3.0), "gate": UNIT, "shift": UNIT, "sharpening": (1.0, 3.0),
    "previous": UNIT, "weights": UNIT, "content": UNIT,
}  # fmt: skip
DNC = dict.fromkeys(
    ("free_gate", "read_weights", "usage", "write_weights", "retention", "precedence", "links"),
    (0.0, 0.3),
)
OPS = {
    "dot_scores": Op(SCORES, "batch queries values", {"scale": FLAG}),
    "general_scores": Op(f"{PLAIN}; kernel: width depth", "batch queries values"),
    "additive_scores": Op(f"{SCORES}; scale: width", "batch queries values"),
    "concat_scores": Op(
        f"{PLAIN}; kernel: width+depth units; scale: units", "batch queries values"
    ),
    "content_scores": Op(SCORES, "batch queries values", {"strength": (1.0, 2.0)}),
    "location_scores": Op("query: batch queries width; kernel: width values",
                          "batch queries values"),
    "attention_weights": Op("scores: batch queries values", "batch queries values",
                            optional="mask: batch queries values"),
    "clip_gradients": Op("tensor: batch width", "batch width", {"limit": (1.0, 0.5)}),
    "coverage_loss": Op("weights: batch queries values", "batch", optional=MASK,
                        within={"weights": UNIT}),
    "doubly_stochastic_loss": Op(
        "weights: batch queries height width", "batch",
        {"target": (1.0, 2), "reduction": ("sum", "mean")}, MASK, {"weights": UNIT},
    ),
    "semantic_sparsity_loss": Op(
        "weights: batch queries values", "batch", {"p": (2.0, 3), "q": (0.5, 0.3)}, MASK,
        {"weights": UNIT},
    ),
    "read_memory": Op(f"weights: {HEADS}; memory: batch locations width", "batch heads width"),
    "write_memory": Op(
        f"memory: batch locations width; weights: {HEADS}; erase: batch heads width; "
        "add: batch heads width", "batch locations width", within={"erase": UNIT, "weights": UNIT},
    ),
    "gaussian_window": Op(
        "parameters: batch 5", "batch; batch; batch; batch; batch",
        {"image_size": ((4, 5), [5, 4]), "patch_size": (2, 1)},
    ),
    "gaussian_filters": Op(
        WINDOW, "batch 3 5",
        {"patch_size": (3,), "size": (5,), "padding_mode": ("border", "zeros")},
        within={"variance": (0.1, 2.0)},
    ),
    "read_patch": Op(f"image: batch height width channels; {FILTERS}",
                     "batch rows columns channels"),
    "write_patch": Op(f"patch: batch rows columns channels; {FILTERS}",
                      "batch height width channels"),
    "window_box": Op(
        "center_x: batch; center_y: batch; stride: batch; variance: batch; intensity: batch",
        "batch 4", {"patch_size": (2, 1)},
    ),
    "grid_sample": Op(
        "images: batch height width channels; grid: batch rows columns 2",
        "batch rows columns channels",
        {
            "interpolation": ("bilinear", "nearest", "bicubic"),
            "padding_mode": ("zeros", "border", "reflection"),
            "align_corners": FLAG, "data_format": ("channels_last", None), "antialias": FLAG,
        },
        excluded=(
            {"interpolation": "nearest", "antialias": True},
            {"interpolation": "bicubic", "antialias": True},
        ),
    ),
    "identity_grid": Op(
        "", "2 3 2",
        {"output_shape": ((2, 3),), "align_corners": FLAG, "dtype": ("float32", "float64", None)},
    ),
    "affine_grid": Op("theta: batch 2 3", "batch 2 3 2", {**SIZE, "output_shape": ((2, 3),)}),
    "projective_grid": Op("theta: batch 3 3", "batch 2 3 2", {**SIZE, "output_shape": ((2, 3),)}),
    "flow_grid": Op("flow: batch height width 2", "batch height width 2", {"align_corners": FLAG}),
    "compose_transformations": Op("first: batch 2 3; second: batch 2 3", "batch 2 3"),
    "invert_transformations": Op("theta: batch 3 3", "batch 3 3"),
    "gaussian_kl_divergence": Op("mean: batch width; log_stddev: batch width", "batch"),
    "gaussian_log_probability": Op(
        "value: batch width; mean: batch width; log_stddev: batch width", "batch"
    ),
    "bernoulli_log_probability": Op("value: batch width; logits: batch width", "batch",
                                    within={"value": UNIT}),
    "address_memory": Op(NTM, HEADS, within=NTM_WITHIN),
    "content_addressing": Op(
        "key: batch heads width; memory: batch locations width; strength: batch heads", HEADS,
        within=NTM_WITHIN,
    ),
    "interpolate_weights": Op(f"content: {HEADS}; previous: {HEADS}; gate: batch heads", HEADS,
                              within=NTM_WITHIN),
    "shift_weights": Op(f"weights: {HEADS}; shift: batch heads 2*reach+1", HEADS,
                        within=NTM_WITHIN),
    "sharpen_weights": Op(f"weights: {HEADS}; sharpening: batch heads", HEADS, within=NTM_WITHIN),
    "retention_vector": Op(f"free_gate: batch heads; read_weights: {HEADS}", "batch locations",
                           within=DNC),
    "usage_vector": Op(
        "usage: batch locations; write_weights: batch locations; retention: batch locations",
        "batch locations", within=DNC,
    ),
    "allocation_weights": Op("usage: batch locations", "batch locations", within=DNC),
    "least_used_weights": Op("usage: batch locations", "batch 1 locations", {"count": (1,)},
                             within=DNC),
    "monotonic_weights": Op(
        "log_stop: batch values; log_pass: batch values; previous: batch values", "batch values",
        {"mode": ("recursive", "parallel", "hard")},
        within={"log_stop": (-2.0, 0.0), "log_pass": (-2.0, 0.0), "previous": (0.0, 0.3)},
    ),
    "reinforce_loss": Op(
        "log_probability: batch steps; reward: batch steps; entropy: batch 1", "batch",
        {"baseline": (0.0, 1.5), "entropy_weight": (0.0, 0.002)},
    ),
    "precedence_weights": Op("precedence: batch locations; write_weights: batch locations",
                             "batch locations", within=DNC),
    "temporal_links": Op(
        "links: batch locations locations; precedence: batch locations; "
        "write_weights: batch locations", "batch locations locations", within=DNC,
    ),
    "follow_links": Op(f"read_weights: {HEADS}; links: batch locations locations",
                       f"{HEADS}; {HEADS}", within=DNC),
    "thin_plate_spline_grid": Op(
        "displacement: batch 4 2", "batch 2 3 2",
        {"output_shape": ((2, 3),), "control_points": ((2, 2), [2, 2]), "align_corners": FLAG},
    ),
    "tile_transformations": Op("", "2 2 3", {"num_heads": (2,), "num_spatial_dims": (2,)}),
    "transformation_matrix": Op(
        "parameters: batch 4", "batch 2 3",
        {"transformation": ("similarity",), "num_spatial_dims": (2,),
         "scale_range": (None, (0.5, 2.0)), "max_shift": (None, 0.5)},
    ),
}  # fmt: skip
# Functions of tensors for those that take other structures.
ADAPTED = {"window_box": window_box, "clip_gradients": clip_gradients}
