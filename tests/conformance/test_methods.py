"""Methods of models under every dtype policy and for every type of input."""

import functools

import keras
import numpy as np
import pytest

from keras_attn import applications
from tests.backend import BACKEND
from tests.conformance.case import by_id
from tests.conformance.registry import MODELS
from tests.conformance.test_precision import double_precision

pytestmark = pytest.mark.skipif(BACKEND == "openvino", reason="no dtype policies")

CAPTIONS = [[4, 5, 6], [7]]
SOURCES = [[5, 6, 7, 8], [9, 4]]


def noise(model):
    """Returns noise for the two examples of a case."""
    generator = np.random.default_rng(2)
    return generator.normal(size=(2, *model.latent_shape)).astype("float32")


# Class → method name → function of a model and the data that returns the result of the method.
CAPTIONER = {
    "generate": lambda m, x: m.generate(x, max_length=3, batch_size=2, return_alignments=True)[1],
    "align": lambda m, x: [each.weights for each in m.align(x, CAPTIONS)],
}
SEQUENCES = {
    "generate": lambda m, x: m.generate(x, max_length=3, batch_size=2),
    "align": lambda m, x: [each.weights for each in m.align(x, CAPTIONS)],
}
AUTOENCODER = {
    "encode": lambda m, x: m.encode(x),
    "decode": lambda m, x: m.decode(np.ones((2, m.units[-1]), "float32")),
}
TRANSFORMER = {"transformations": lambda m, x: m.transformations(x)}
METHODS = {
    "DRAW": {
        "reconstruct": lambda m, x: m.reconstruct(x, noise(m)),
        "generate": lambda m, x: m.generate(latent=noise(m)),
        "log_likelihood": lambda m, x: m.log_likelihood(x, num_samples=2, seed=1),
    },
    "DRAWClassifier": {"windows": lambda m, x: m.windows(x)},
    "VariationalAutoencoder": {
        "reconstruct": lambda m, x: m.reconstruct(x, noise(m)),
        "generate": lambda m, x: m.generate(latent=noise(m)),
        "log_likelihood": lambda m, x: m.log_likelihood(x, num_samples=2, seed=1),
        "encode": lambda m, x: m.encode(x),
    },
    "Autoencoder": AUTOENCODER,
    "DenoisingAutoencoder": AUTOENCODER,
    "ShowAttendTell": CAPTIONER,
    "SemanticAttentionCaptioner": CAPTIONER,
    "ShowAndTell": {"generate": lambda m, x: m.generate(x, max_length=3, batch_size=2)},
    "AttributeDetector": {"detect": lambda m, x: m.detect(x, 1)},
    "RNNSearch": SEQUENCES,
    "LuongTranslator": SEQUENCES,
    "AttentionSummarizer": SEQUENCES,
    "EncoderDecoder": {"generate": SEQUENCES["generate"]},
    "SpatialTransformerClassifier": TRANSFORMER,
    "SpatialTransformerAddition": TRANSFORMER,
    "DigitSequenceClassifier": TRANSFORMER,
    "InverseCompositionalClassifier": TRANSFORMER,
    "CoLocalizer": {**TRANSFORMER, "boxes": lambda m, x: m.boxes(x)},
    "NeuralTuringMachine": {"trace": lambda m, x: m.trace(x)},
}
# The first case of each class that has methods.
CASES = {}
for case in MODELS:
    if case.application.__name__ in METHODS:
        CASES.setdefault(case.application, case)
CASES = list(CASES.values())
PICTURES = [case for case in CASES if case.application.__name__ not in (
    "RNNSearch", "LuongTranslator", "AttentionSummarizer", "EncoderDecoder", "NeuralTuringMachine",
)]  # fmt: skip


def methods(case):
    return METHODS[case.application.__name__]


def data(case):
    """Returns the data that the methods take, from the inputs of a case."""
    arrays = case.arrays()
    return SOURCES if "source" in arrays else next(iter(arrays.values()))


def flat(found):
    """Returns the float arrays in the result of a method."""
    found = keras.tree.flatten(found)
    found = [getattr(each, "weights", each) for each in found]
    found = [
        each if isinstance(each, np.ndarray) else keras.ops.convert_to_numpy(each)
        for each in found
        if not isinstance(each, (str, int))
    ]
    return [each for each in found if "float" in str(each.dtype)]


def test_all_applications_with_methods_are_listed():
    known = {name for name in vars(applications) if name[0].isupper()}
    assert set(METHODS) <= known
    assert {case.application.__name__ for case in CASES} == set(METHODS)


@functools.lru_cache(maxsize=1)
def in_single_precision(application):
    """Weights of a model, and what its methods give under no policy."""
    (case,) = [each for each in CASES if each.application is application]
    model = case.model()
    found = {name: flat(call(model, data(case))) for name, call in methods(case).items()}
    return model.get_weights(), found


@by_id(CASES)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_methods_work_under_every_policy(case, policy):
    weights, exact = in_single_precision(case.application)
    with double_precision():
        model = case.model(dtype=policy)
        model.set_weights(weights)
        found = {name: flat(call(model, data(case))) for name, call in methods(case).items()}
    tolerance = 1e-4 if policy == "float64" else 0.1  # of the largest number
    for name, outputs in found.items():
        assert len(outputs) == len(exact[name])
        # At another precision a search may find other tokens.
        if name == "generate" and "latent_units" not in case.arguments:
            continue
        for output, wanted in zip(outputs, exact[name], strict=True):
            assert np.all(np.isfinite(output.astype("float64"))), name
            error = np.mean(np.abs(output.astype("float32") - wanted))
            assert error <= tolerance * np.max(np.abs(wanted)), name


@by_id(PICTURES)
def test_methods_accept_every_type_of_data(case):
    model = case.model()
    x = (data(case) > 0.5).astype("float32")
    kinds = {
        "float64": x.astype("float64"),
        "uint8": x.astype("uint8"),
        "lists": x.tolist(),
        "tensor": keras.ops.convert_to_tensor(x),
    }
    for name, call in methods(case).items():
        wanted = flat(call(model, x))
        for kind, given in kinds.items():
            for output, expected in zip(flat(call(model, given)), wanted, strict=True):
                np.testing.assert_allclose(output, expected, atol=1e-4, err_msg=f"{name} {kind}")


@by_id(PICTURES)
def test_methods_refuse_symbolic_tensors_and_data_sets(case):
    model, x = case.model(random=False), data(case)
    for name, call in methods(case).items():
        if name == "decode" or (name == "generate" and "latent_units" in case.arguments):
            continue  # methods without the data among their arguments
        for given in (keras.KerasTensor(x.shape), iter([x])):
            with pytest.raises(ValueError, match=r"`(x|images)` must be an array of numbers"):
                call(model, given)


def test_half_precision_inputs_are_accepted():
    model = applications.Autoencoder((3, 4), units=2)
    assert model.encode(keras.ops.ones((1, 3, 4), "bfloat16")).shape == (1, 2)
