"""Padding changes nothing at the positions that are not padding."""

import keras
import numpy as np

from keras_attn import AlignmentAttention, AttentionDecoder
from tests.backend import flat, inferred
from tests.conformance.case import randomise
from tests.conformance.registry import LAYERS, MODELS
from tests.conformance.selection import by_id, first_of_class, shared_cases

MASKED = [case for case in LAYERS if case.mask]
# Layers whose first input, and with it the first output, is a sequence.
HANDED_ON = [case for case in MASKED if 1 in case.variable.get(next(iter(case.inputs)), ())]
PADDED_MODELS = [case for case in MODELS if "target" in case.inputs]


def places(case, example):
    """Returns the positions of an example within padded axes: (input, axis) → list of indices.

    Each example is one shorter than the one before it. The second position of the first input is
    padding too.
    """
    found = {}
    for number, (name, shape) in enumerate(case.shapes().items()):
        gap = int(number == 0 and not case.counts_padding)
        for axis in case.variable.get(name, ()):
            rest = range(1 + gap, max(shape[axis] - example, 1) + gap)
            found[name, axis] = [0, *rest]
    return found


def padded(case, padding=None):
    """Pads the inputs of a case.

    Args:
        case: `LayerCase`.
        padding: Number that the padding holds; random numbers by default.

    Returns:
        Padded arrays, masks, and a list with the arrays of each example alone; each by input.
    """
    generator = np.random.default_rng(5)
    arrays, masks, alone = {}, {}, [{}, {}]
    for number, (name, array) in enumerate(case.arrays().items()):
        shape = list(array.shape)
        for axis in case.variable.get(name, ()):
            shape[axis] += 3 if number == 0 else 2
        arrays[name] = 9.0 * generator.normal(size=shape).astype("float32")
        if padding is not None:
            arrays[name][:] = padding
        axes = max(case.variable.get(name, (0,)))
        if axes:
            masks[name] = np.zeros(shape[: axes + 1], "bool")
        for example in range(2):
            kept = places(case, example)
            index = [kept.get((name, axis), range(size)) for axis, size in enumerate(shape)]
            cut = array[np.ix_(*[range(len(each)) for each in index])][example : example + 1]
            index[0], alone[example][name] = [example], cut
            arrays[name][np.ix_(*index)] = cut
            if axes:
                masks[name][np.ix_(*index[: axes + 1])] = True
    return arrays, masks, alone


def at_places(case, example, arrays, output, shape):
    """Returns an output of a padded example at the positions that are not padding.

    Args:
        case, example: See `places`.
        arrays: Padded inputs.
        output: Array, an output for them.
        shape: Shape of the same output without padding.
    """
    by_size = {
        (arrays[name].shape[axis], len(each)): each
        for (name, axis), each in places(case, example).items()
    }
    sizes = list(zip(output.shape, shape, strict=True))[1:]
    kept = [by_size.get(pair, range(pair[1])) for pair in sizes]
    return output[np.ix_([example], *kept)]


@by_id(shared_cases(MASKED))
def test_outputs_are_those_without_padding(case):
    layer = case.built()
    arrays, masks, alone = padded(case)
    masked = case.with_(mask=masks)
    masked = masked.with_(call={**case.call, **masked.masks()})
    outputs = flat(masked.quickly(layer, arrays))
    for example in range(2):
        expected = flat(case.quickly(layer, alone[example]))
        for number, (output, wanted) in enumerate(zip(outputs, expected, strict=True)):
            if number in case.counts_padding:
                continue
            found = at_places(case, example, arrays, output, wanted.shape)
            np.testing.assert_allclose(found, wanted, atol=case.tolerance, rtol=case.tolerance)
    first = next(iter(arrays))
    if first in masks and isinstance(layer, (AlignmentAttention, AttentionDecoder)):
        sequences = ("return_contexts", "return_attention_scores")
        for output in outputs[: 1 + sum(case.call.get(name, False) for name in sequences)]:
            assert np.all(output[~masks[first]] == 0.0)


class Mean(keras.layers.Layer):
    """Mean over the steps that are not masked, which fails without a mask."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs, mask=None):
        count = keras.ops.cast(mask, inputs.dtype)[..., None]
        return keras.ops.sum(inputs * count, axis=1) / keras.ops.sum(count, axis=1)


@by_id(shared_cases(first_of_class(HANDED_ON)))
def test_the_next_layer_gets_the_mask(case):
    arrays, masks, _ = padded(case, padding=0.0)
    inputs = {name: keras.Input(array.shape[1:], name=name) for name, array in arrays.items()}
    seen = {name: keras.layers.Masking()(each) for name, each in inputs.items()}
    layer = case.make()
    first, *_ = keras.tree.flatten(case.run(layer, seen))
    model = keras.Model(list(inputs.values()), [first, Mean()(first)])
    randomise(layer)
    outputs, means = inferred(model, list(arrays.values()))
    mask = masks[next(iter(arrays))]
    expected = [output[runs].mean(axis=0) for output, runs in zip(outputs, mask, strict=True)]
    np.testing.assert_allclose(means, expected, atol=1e-5)
    # The masks of the layers before have the same effect as masks among the arguments.
    case = case.with_(mask=masks)
    case = case.with_(call={**case.call, **case.masks()})
    explicit, *_ = flat(case.quickly(layer, arrays))
    np.testing.assert_allclose(outputs, explicit, atol=1e-5)


@by_id(shared_cases(PADDED_MODELS))
def test_outputs_of_models_do_not_depend_on_padding(case):
    model, arrays = case.model(), case.arrays()
    tokens = [name for name, array in arrays.items() if array.dtype == "int32"]
    longer = {
        name: np.pad(array, ((0, 0), (0, 2))) if name in tokens else array
        for name, array in arrays.items()
    }
    outputs = case.predict(model, longer)
    for example in range(2):
        alone = {name: array[example : example + 1] for name, array in arrays.items()}
        for name in tokens:
            alone[name] = alone[name][:, : np.count_nonzero(alone[name])]
        for output, wanted in zip(outputs, case.predict(model, alone), strict=True):
            found = output[np.ix_([example], *[range(size) for size in wanted.shape[1:]])]
            np.testing.assert_allclose(found, wanted, atol=1e-5, rtol=1e-4)
