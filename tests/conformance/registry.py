"""Every public layer and application, each by at least one entry.

To add a layer, add its cases to the file of its family, or to a new file; see `LayerCase` for the
entries of a case. The contracts in `test_*.py` of this folder are tests of all cases. Constructor
options are listed in `layer_options.py` and `model_options.py`.
"""

from tests.conformance import (
    alignment,
    autoencoders,
    caption_models,
    decoders,
    draw,
    draw_models,
    layer_options,
    memory,
    memory_models,
    model_options,
    sequence_models,
    sequence_variants,
    spatial_models,
    spatial_sampling,
    spatial_transformers,
    spatial_variants,
    visual,
)

LAYERS = [
    *spatial_sampling.GENERATORS,
    *spatial_sampling.SAMPLERS,
    *spatial_transformers.HEADS,
    *spatial_transformers.TRANSFORMERS,
    *alignment.ALIGNMENT,
    *decoders.DECODERS,
    *visual.VISUAL,
    *memory.MEMORY,
    *draw.DRAW,
]
MODELS = [
    *spatial_models.MODELS,
    *sequence_models.MODELS,
    *caption_models.MODELS,
    *memory_models.MODELS,
    *draw_models.MODELS,
    *autoencoders.MODELS,
]
# Further cases of applications for the contract of their oracles alone.
VARIANTS = [
    *spatial_variants.VARIANTS,
    *sequence_variants.VARIANTS,
    *caption_models.VARIANTS,
    *memory_models.VARIANTS,
    *draw_models.VARIANTS,
    *autoencoders.VARIANTS,
]
OPTIONS = {**layer_options.OPTIONS, **model_options.OPTIONS}
LAYERS, MODELS = (
    [case.with_(options=OPTIONS.get(case.id, {})) for case in cases] for cases in (LAYERS, MODELS)
)
CASES = [*LAYERS, *MODELS]
