"""Cases of the autoencoders."""

import numpy as np

from keras_attn.applications import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from tests.conformance.case import ModelCase
from tests.conformance.draw_models import IMAGES
from tests.conformance.oracle import Oracle
from tests.oracles.autoencoders import AutoencoderByHand, VariationalAutoencoderByHand

CODED = {"example_shape": (3, 4), "units": (6, 2)}


def autoencoder(application, **changes):
    """Returns a case of an application and changes of its entries."""
    entries = {
        "application": application,
        "inputs": {"x": (3, 3, 4)},
        "targets": np.ones((3, 3, 4), "float32"),
        # Of so few units some may never be active.
        "arguments": {**CODED, "activation": "tanh"},
        **changes,
    }
    options = {name: value for name, value in entries["arguments"].items() if name != "seed"}
    kinds = {VariationalAutoencoder: VariationalAutoencoderByHand}
    by_hand = kinds.get(application, AutoencoderByHand)(**options)
    oracle = Oracle(by_hand.symbols, by_hand.forward, by_hand.training, by_hand.calls)
    return ModelCase(**entries, oracle=oracle)


def denoising(corruption, amount, **changes):
    arguments = {**CODED, "corruption": corruption, "amount": amount, "seed": 1}
    return autoencoder(DenoisingAutoencoder, arguments=arguments, name=corruption, **changes)


def variational(**changes):
    arguments = {"example_shape": (6, 5, 1), "latent_units": 2, "units": 4, "activation": "tanh"}
    return autoencoder(
        VariationalAutoencoder,
        **{
            "arguments": {**arguments, **changes.pop("arguments", {})},
            "inputs": {"x": IMAGES},
            "targets": None,
            "compile": {},
            **changes,
        },
    )


REFUSED = ({"example_shape": ()}, {"example_shape": (3, 0)}, {"units": ()}, {"units": (4, 0)})
MODELS = [
    autoencoder(Autoencoder, refuses=(*REFUSED, {"sparsity": -1.0})),
    autoencoder(
        Autoencoder,
        name="sparse",
        arguments={"example_shape": (3, 4), "units": 20, "sparsity": 0.1},
    ),
    autoencoder(
        DenoisingAutoencoder,
        arguments={**CODED, "activation": "tanh", "amount": 0.2, "seed": 1},
        refuses=(*REFUSED, {"corruption": "holes"}, {"amount": 1.5}),
    ),
    variational(
        refuses=(*REFUSED[:2], {"latent_units": 0}, {"likelihood": "poisson"}, {"stddev": -1.0}),
    ),
]

VARIANTS = [
    autoencoder(
        Autoencoder,
        name="deep-sparse",
        arguments={
            "example_shape": (3, 4),
            "units": (5, 4, 2),
            "activation": "sigmoid",
            "code_activation": "tanh",
            "output_activation": None,
            "sparsity": 0.3,
        },
        targets=None,
    ),
    denoising("salt_and_pepper", 0.6, targets=None),
    denoising("gaussian", 1.2, targets=None),
    variational(
        name="deep-gaussian",
        arguments={
            "units": (5, 3),
            "activation": "relu",
            "latent_units": 1,
            "likelihood": "gaussian",
            "stddev": 0.5,
        },
    ),
]
