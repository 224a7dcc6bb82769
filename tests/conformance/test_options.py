"""Every constructor argument is saved in the config, and has an effect.

A new argument needs a value other than the default in `options` of a `Case`.
"""

import functools
import inspect
import json

import keras
import numpy as np
import pytest

from tests.backend import flat, gradients, on_one_backend, to_numpy
from tests.conformance.case import LayerCase, randomise
from tests.conformance.option import Option, Unused
from tests.conformance.registry import CASES
from tests.conformance.selection import shared
from tests.conformance.signatures import constructor_arguments

pytestmark = pytest.mark.training


SUBJECTS = list(dict.fromkeys(case.subject for case in CASES))


@on_one_backend
@pytest.mark.parametrize("cls", SUBJECTS, ids=lambda cls: cls.__name__)
def test_every_argument_has_an_option(cls):
    arguments = constructor_arguments(cls)
    options = {
        name: getattr(option, "value", option)
        for case in CASES
        if case.subject is cls
        for name, option in case.options.items()
    }
    assert set(options) == set(arguments)
    for name, value in options.items():
        assert value is None or repr(value) != repr(arguments[name]), f"{name} is at its default"


class Instance:
    """Layer or model of a case, with views that two instances can be compared by.

    The views are cached, and `VIEWS` lists them by cost. Equal instances draw equal random numbers.
    """

    def __init__(self, case, arguments, inputs, targets, config=None):
        self.case = case.with_(arguments=arguments, inputs={**case.inputs, **inputs})
        if targets is not None:
            self.case = self.case.with_(targets=targets)
        self.is_layer = isinstance(case, LayerCase)
        keras.utils.set_random_seed(3)
        if config is not None:
            self.model = keras.saving.deserialize_keras_object(json.loads(config), safe_mode=True)
        else:
            self.model = self.case.make() if self.is_layer else self.case.model(random=False)
        if self.is_layer and not self.model.built:
            self.case.build(self.model, self.case.shapes())

    @property
    def subject(self):
        return self.model.cell if self.is_layer and self.case.rnn is not None else self.model

    def config(self):
        return json.dumps(keras.saving.serialize_keras_object(self.model))

    @functools.cache  # noqa: B019
    def view(self, name):
        return getattr(self, f"_{name}")()

    def _variables(self):
        trained = {id(weight) for weight in self.model.trainable_weights}
        return [
            np.array(str((*weight.shape, weight.dtype, id(weight) in trained)))
            for weight in self.model.weights
        ]

    def _seeds(self):
        return [to_numpy(each) for each in self._generators()]

    def _generators(self):
        return [each for each in self.model.variables if "seed_generator_state" in each.path]

    def _reset_seeds(self):
        keras.utils.set_random_seed(4)  # on PyTorch the dropout of Keras uses the global seed
        for generator in self._generators():
            generator.assign(np.array([4, 0], generator.dtype))

    def _values(self):
        return [to_numpy(weight) for weight in self.model.weights]

    def _outputs(self):
        for name in ("seeds", "values"):
            self.view(name)  # cache these views: `randomise` changes the weights
        randomise(self.model)
        return self._call()

    def _call(self, **options):
        self._reset_seeds()
        arrays = self.case.arrays()
        if not self.is_layer:
            return flat(self.model(self.case.packed(arrays), **options))
        return flat(self.case.run(self.model, arrays, **options))

    def _training(self):
        self.view("outputs")
        return [*self._call(**self._training_argument()), *flat(self.model.losses)]

    def _training_argument(self):
        takes_training = (
            not self.is_layer or "training" in inspect.signature(self.model.call).parameters
        )
        return {"training": True} if takes_training else {}

    def _steps(self):
        """Returns the gradients of a layer, or the loss of a model and its weights after a step."""
        self.view("training")
        if self.is_layer:
            self._reset_seeds()
            arrays, training = self.case.arrays(), self._training_argument()

            def call(*tensors):
                values = dict(zip(arrays, tensors, strict=True))
                return self.case.run(self.model, values, **training)

            by_input, by_weight = gradients(
                call, list(arrays.values()), self.model.trainable_variables
            )
            return [*by_input, *by_weight]
        self._reset_seeds()
        self.model.compile(keras.optimizers.SGD(0.1), **self.case.compile, run_eagerly=True)
        inputs, targets = self.case.fit_data(self.model)
        loss = self.model.train_on_batch(inputs, targets)
        return [np.asarray(loss), *[to_numpy(weight) for weight in self.model.weights]]


VIEWS = ("variables", "seeds", "values", "outputs", "training", "steps")


def equal(first, second):
    return len(first) == len(second) and all(
        a.shape == b.shape
        and a.dtype == b.dtype
        and (np.array_equal(a, b) if a.dtype.kind == "U" else np.allclose(a, b, 1e-4, 1e-6))
        for a, b in zip(first, second, strict=True)
    )


OPTIONS = [
    pytest.param(case, name, id=f"{case.id}-{name}")
    for case in shared([case for case in CASES if case.options])
    for name, option in case.options.items()
    if getattr(option, "value", option) is not None
]


CACHE = {}


def _without_option(case, option):
    """Returns two equal instances without the option, with the arguments it requires; cached."""
    key = case.id, repr(option.required), repr(option.inputs), repr(option.targets)
    if key not in CACHE:
        arguments = {**case.arguments, **option.required}
        CACHE.clear()  # keep two models only: hundreds would fill the memory
        CACHE[key] = [Instance(case, arguments, option.inputs, option.targets) for _ in range(2)]
    return CACHE[key]


@pytest.mark.parametrize(("case", "name"), OPTIONS)
def test_an_argument_is_saved_and_has_an_effect(case, name):
    option = case.options[name]
    value = getattr(option, "value", option)
    option = option if isinstance(option, Option) else Option(value)
    changes = {name: value, **option.coupled}
    make = functools.partial(Instance, case, inputs=option.inputs, targets=option.targets)
    arguments = {**case.arguments, **option.required}
    before, twin = _without_option(case, option)
    after = make({**arguments, **changes})
    field = json.dumps(after.subject.get_config()[name], default=repr)
    assert field != json.dumps(before.subject.get_config()[name], default=repr)
    again = make({**arguments, **changes}, config=after.config())
    assert json.dumps(again.subject.get_config()[name], default=repr) == field
    assert again.config() == after.config()
    if isinstance(case.options[name], Unused):
        return
    for view in VIEWS:
        first, second = before.view(view), after.view(view)
        # An additional seed generator is not an effect.
        if equal(first, second) or (view == "seeds" and len(first) != len(second)):
            continue
        assert equal(first, twin.view(view)), "two equal instances differ"
        if view != "values":
            assert equal(second, again.view(view)), f"{view} after loading"
        return
    pytest.fail(f"{name}={value!r} has no effect")
