"""The mathematics of attention as pure functions of tensors."""

from keras_attn.ops.alignment_scores import (
    additive_scores,
    concat_scores,
    content_scores,
    dot_scores,
    general_scores,
    location_scores,
)
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.clip_gradients import clip_gradients
from keras_attn.ops.coverage import coverage_loss
from keras_attn.ops.doubly_stochastic import doubly_stochastic_loss
from keras_attn.ops.external_memory import read_memory, write_memory
from keras_attn.ops.gaussian_window import (
    GaussianWindow,
    gaussian_filters,
    gaussian_window,
    read_patch,
    window_box,
    write_patch,
)
from keras_attn.ops.grid_sample import grid_sample
from keras_attn.ops.grids import affine_grid, flow_grid, identity_grid, projective_grid
from keras_attn.ops.homogeneous import compose_transformations, invert_transformations
from keras_attn.ops.latents import (
    bernoulli_log_probability,
    gaussian_kl_divergence,
    gaussian_log_probability,
)
from keras_attn.ops.memory_addressing import (
    address_memory,
    content_addressing,
    interpolate_weights,
    sharpen_weights,
    shift_weights,
)
from keras_attn.ops.memory_allocation import (
    allocation_weights,
    least_used_weights,
    retention_vector,
    usage_vector,
)
from keras_attn.ops.monotonic import monotonic_weights
from keras_attn.ops.reinforce import reinforce_loss
from keras_attn.ops.semantic_sparsity import semantic_sparsity_loss
from keras_attn.ops.temporal_links import follow_links, precedence_weights, temporal_links
from keras_attn.ops.thin_plate_spline import thin_plate_spline_grid
from keras_attn.ops.tiling import tile_transformations
from keras_attn.ops.transformation import transformation_matrix

__all__ = [
    "GaussianWindow",
    "additive_scores",
    "address_memory",
    "affine_grid",
    "allocation_weights",
    "attention_weights",
    "bernoulli_log_probability",
    "clip_gradients",
    "compose_transformations",
    "concat_scores",
    "content_addressing",
    "content_scores",
    "coverage_loss",
    "dot_scores",
    "doubly_stochastic_loss",
    "flow_grid",
    "follow_links",
    "gaussian_filters",
    "gaussian_kl_divergence",
    "gaussian_log_probability",
    "gaussian_window",
    "general_scores",
    "grid_sample",
    "identity_grid",
    "interpolate_weights",
    "invert_transformations",
    "least_used_weights",
    "location_scores",
    "monotonic_weights",
    "precedence_weights",
    "projective_grid",
    "read_memory",
    "read_patch",
    "reinforce_loss",
    "retention_vector",
    "semantic_sparsity_loss",
    "sharpen_weights",
    "shift_weights",
    "temporal_links",
    "thin_plate_spline_grid",
    "tile_transformations",
    "transformation_matrix",
    "usage_vector",
    "window_box",
    "write_memory",
    "write_patch",
]
