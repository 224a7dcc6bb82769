"""Methods of applications beside those of `keras.Model`, called with the data of a case."""

import keras
import numpy as np

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


def methods(case):
    """Returns the methods of the application of a case."""
    return METHODS.get(case.application.__name__, {})


def data(case):
    """Returns the data that the methods take, from the inputs of a case."""
    arrays = case.arrays()
    return SOURCES if "source" in arrays else next(iter(arrays.values()))


def flat(found):
    """Returns the result of a method as a list of arrays; tokens and words are one array."""
    found = [getattr(each, "weights", each) for each in keras.tree.flatten(found)]
    tokens = [each for each in found if isinstance(each, (str, int))]
    arrays = [
        each if isinstance(each, np.ndarray) else keras.ops.convert_to_numpy(each)
        for each in found
        if not isinstance(each, (str, int))
    ]
    return [*arrays, np.array(tokens)] if tokens else arrays
