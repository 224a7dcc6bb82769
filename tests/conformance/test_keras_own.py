"""The test that Keras runs with its built-in layers, from a private module of Keras."""

import keras
from keras.src import testing

from tests.backend import BACKEND
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, first_of_class


@by_id(first_of_class(LAYERS))
def test_run_layer_test(case):
    arrays = case.arrays()
    data, shapes = case.pack(arrays), None
    if not case.named and all(array.dtype == "float32" for array in arrays.values()):
        data, shapes = None, case.pack(case.shapes())
    layer, arguments = case.layer, case.arguments
    if case.rnn is not None:
        layer, arguments = keras.layers.RNN, {"cell": layer(**arguments), **case.rnn}
    outputs = keras.tree.flatten(case.run(case.built(), arrays))
    # Keras checks training and dtypes with calls of one argument, for one output.
    plain = len(arrays) == len(outputs) == 1 and not case.call
    testing.TestCase().run_layer_test(
        layer,
        arguments,
        input_shape=shapes,
        input_data=data,
        call_kwargs=case.call,
        run_training_check=plain and str(arrays[next(iter(arrays))].dtype) == "float32",
        run_mixed_precision_check=plain and case.rnn is None and BACKEND not in case.no_half,
    )
