"""Methods of applications beside those of `keras.Model`, called with the data of a case."""

import keras
import numpy as np

CAPTIONS = [[4, 5, 6], [7]]
SOURCES = [[5, 6, 7, 8], [9, 4]]


def noise(model):
    """Returns noise for the two examples of a case."""
    generator = np.random.default_rng(2)
    return generator.normal(size=(2, *model.latent_shape)).astype("float32")


def tokens(model, x):
    """Returns the generated tokens of each example as an array."""
    return [np.array(each, "int32") for each in model.generate(x, max_length=3, batch_size=2)]


def tokens_and_weights(model, x):
    """Returns the generated tokens and the attention weights of each example."""
    found, alignments = model.generate(x, max_length=3, batch_size=2, return_alignments=True)
    return [np.array(each, "int32") for each in found], [each.weights for each in alignments]


# Class → method name → function of a model and the data that returns the result of the method.
ATTENDING = {
    "generate": tokens_and_weights,
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
    "ShowAttendTell": ATTENDING,
    "SemanticAttentionCaptioner": ATTENDING,
    "ShowAndTell": {"generate": tokens},
    "AttributeDetector": {"detect": lambda m, x: m.detect(x, 1)},
    "RNNSearch": ATTENDING,
    "LuongTranslator": ATTENDING,
    "AttentionSummarizer": ATTENDING,
    "EncoderDecoder": {"generate": tokens},
    "SpatialTransformerClassifier": TRANSFORMER,
    "SpatialTransformerAddition": TRANSFORMER,
    "DigitSequenceClassifier": TRANSFORMER,
    "InverseCompositionalClassifier": TRANSFORMER,
    "CoLocalizer": {**TRANSFORMER, "boxes": lambda m, x: m.boxes(x)},
    "NeuralTuringMachine": {"trace": lambda m, x: m.trace(x)},
}


def methods(case):
    """Returns the methods of the application of a case."""
    return METHODS.get(case.application.__name__, {})


def data(case):
    """Returns the data that the methods take, from the inputs of a case."""
    arrays = case.arrays()
    return SOURCES if "source" in arrays else next(iter(arrays.values()))


def flat(found):
    """Returns the result of a method as a list of arrays; words are one array."""
    found = keras.tree.flatten(found)
    words = [each for each in found if isinstance(each, str)]
    arrays = [
        each if isinstance(each, np.ndarray) else keras.ops.convert_to_numpy(each)
        for each in found
        if not isinstance(each, str)
    ]
    return [*arrays, np.array(words)] if words else arrays
