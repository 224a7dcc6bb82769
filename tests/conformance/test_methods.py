"""Methods of models under every dtype policy and for every type of input."""

import functools
import itertools

import keras
import numpy as np
import pytest

from keras_attn import applications
from keras_attn.applications.generative_model import GenerativeModel
from tests.backend import BACKEND
from tests.conformance.changes import varied
from tests.conformance.model_methods import METHODS, data, flat, methods
from tests.conformance.precision import double_precision
from tests.conformance.registry import MODELS
from tests.conformance.selection import by_id, shared

pytestmark = pytest.mark.skipif(BACKEND == "openvino", reason="no dtype policies")

# Steps of other methods, and methods with other arguments than data of the model's inputs.
INNER_METHODS = {
    *(
        "check_inputs",
        "check_scale",
        "check_targets",
        "corrupted",
        "data_arguments",
        "detected",
        "drawn",
    ),
    *("freeze_encoder", "log_probability", "log_ratio", "mean", "memory_mask", "random_crops"),
    *("triplet_loss", "with_added_losses", "align", "encode", "initialize_from"),
    *("initialize_to_full_image", "step"),
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

POLICIES = ("mixed_float16", "mixed_bfloat16", "float64")


def is_float(array):
    return "float" in str(array.dtype)


def test_all_methods_are_listed():
    known = {name for name in vars(applications) if name[0].isupper()}
    assert set(METHODS) <= known
    assert {case.application.__name__ for case in CASES} == set(METHODS)
    for application in {case.application for case in MODELS}:
        listed = METHODS.get(application.__name__, {})
        assert public_methods(application) - set(listed) <= INNER_METHODS, application


def public_methods(application):
    """Returns the names of the methods that an application adds to `keras.Model`."""
    return {
        name
        for base in application.__mro__
        if base.__module__.startswith("keras_attn")
        for name, value in vars(base).items()
        if callable(value) and not name.startswith("_") and not hasattr(keras.Model, name)
    }


@functools.lru_cache(maxsize=1)
def in_single_precision(application):
    """Returns the weights of a model, and the results of its methods in float32."""
    (case,) = [each for each in CASES if each.application is application]
    model = searching(case.model())
    found = {name: flat(call(model, data(case))) for name, call in methods(case).items()}
    return model.get_weights(), found


def searching(model):
    """Gives a model that searches weights with which it finds other words for other inputs."""
    return varied(model) if isinstance(model, GenerativeModel) else model


@pytest.mark.parametrize(
    ("case", "policy"),
    shared(
        [
            pytest.param(case, policy, id=f"{policy}-{case.id}")
            for case, policy in itertools.product(CASES, POLICIES)
        ]
    ),
)
def test_methods_work_under_every_policy(case, policy):
    weights, exact = in_single_precision(case.application)
    with double_precision():
        model = case.model(dtype=policy)
        model.set_weights(weights)
        found = {name: flat(call(model, data(case))) for name, call in methods(case).items()}
    tolerance = 1e-4 if policy == "float64" else 0.02  # of the largest number
    for name, outputs in found.items():
        assert len(outputs) == len(exact[name])
        searches = name == "generate" and "latent_units" not in case.arguments
        for output, wanted in zip(outputs, exact[name], strict=True):
            if not is_float(wanted):
                assert policy != "float64" or np.array_equal(output, wanted), name
                continue
            assert np.all(np.isfinite(output.astype("float64"))), name
            if searches and policy != "float64":
                continue  # at a lower precision a search may find other tokens
            error = np.mean(np.abs(output.astype("float32") - wanted))
            assert error <= tolerance * np.max(np.abs(wanted)), name


@by_id(PICTURES)
def test_methods_accept_every_type_of_data(case):
    model = searching(case.model())
    x = (data(case) > 0.5).astype("float32")
    kinds = {
        "float64": x.astype("float64"),
        "uint8": x.astype("uint8"),
        "bfloat16": keras.ops.cast(x, "bfloat16"),
        "lists": x.tolist(),
        "tensor": keras.ops.convert_to_tensor(x),
    }
    for name, call in methods(case).items():
        wanted = flat(call(model, x))
        for kind, given in kinds.items():
            for output, expected in zip(flat(call(model, given)), wanted, strict=True):
                if is_float(expected):
                    np.testing.assert_allclose(
                        output, expected, 1e-4, 1e-4, err_msg=f"{name} {kind}"
                    )
                else:
                    np.testing.assert_array_equal(output, expected, f"{name} {kind}")


@by_id(PICTURES)
def test_methods_refuse_symbolic_tensors_and_data_sets(case):
    model, x = case.model(random=False), data(case)
    for name, call in methods(case).items():
        if name == "decode" or (name == "generate" and "latent_units" in case.arguments):
            continue  # methods without the data among their arguments
        for given in (keras.KerasTensor(x.shape), iter([x])):
            with pytest.raises(ValueError, match=r"`(x|images)` must be an array of numbers"):
                call(model, given)
