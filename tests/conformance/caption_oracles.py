"""Symbols of the papers of models that describe images, and the computations of their cases."""

from functools import partial

import numpy as np

from tests.conformance.oracle import Oracle
from tests.oracles import caption_losses, captions, image_encoder

LSTM = {
    "W": "decoder/cell/kernel",
    "U": "decoder/cell/recurrent_kernel",
    "b": "decoder/cell/bias",
}

SHOW_AND_TELL = {
    "W_i": "image_embedding/kernel",
    "b_i": "image_embedding/bias",
    "W_e": "target_embedding/embeddings",
    **LSTM,
    "W_d": "logits/kernel",
    "b_d": "logits/bias",
}
SHOW_ATTEND_TELL = {
    "E": "target_embedding/embeddings",
    "f_h": "first_hidden/kernel",
    "b_fh": "first_hidden/bias",
    "f_c": "first_cell/kernel",
    "b_fc": "first_cell/bias",
    "v": "decoder/attention/*scale",
    "W_h": "decoder/attention/*query_projection/kernel",
    "b_a": "decoder/attention/*query_projection/bias",
    "W_a": "decoder/attention/*key_projection/kernel",
    **LSTM,
    "L_h": "state_read_out/kernel",
    "b_h": "state_read_out/bias",
    "L_z": "context_read_out/kernel",
    "L_o": "logits/kernel",
    "b_o": "logits/bias",
}
GATE = {
    "f_β": "decoder/attention/gate_projection/kernel",
    "b_fβ": "decoder/attention/gate_projection/bias",
}
BASELINE = {"Σb": "reinforce/total", "Σ1": "reinforce/mass"}
DETECTOR = {"W_s": "scores/kernel", "b_s": "scores/bias"}
SEMANTIC_ATTENTION = {
    "E": "target_embedding/embeddings",
    "W_v": "image_projection/kernel",
    "b_v": "image_projection/bias",
    "U": "input_attention/query_projection/kernel",
    "w_x": "input_attention/scale",
    "W_x": "input_projection/kernel",
    "b_x": "input_projection/bias",
    **{f"{symbol}_c": path for symbol, path in LSTM.items()},
    "V": "output_attention/query_projection/kernel",
    "w_y": "output_attention/scale",
    "W_y": "output_projection/kernel",
    "b_y": "output_projection/bias",
}
ENCODERS = {
    "small": (image_encoder.SYMBOLS, image_encoder.small),
    "blocks": ({}, image_encoder.mean_of_blocks),
}


def encoder_of(name, data_format):
    """Returns the symbols and the computation of an image encoder."""
    symbols, features = ENCODERS[name]
    if data_format == "channels_first":
        return symbols, lambda p, image, *rest: features(p, np.moveaxis(image, 1, -1), *rest)
    return symbols, features


def caption_oracle(symbols, model, outputs, added, encoder="small", data_format=None, gain=2.0):
    """Returns the oracle of a model of captions.

    Args:
        symbols: Dictionary of its own weights.
        model: Function of `tests.oracles.captions`.
        outputs: Names of the outputs.
        added: Function `(p, found, targets) -> (loss, weights)`: the loss that the model adds, and
            the weights that the pass changes.
        encoder, data_format: See `encoder_of`.
        gain: See `Oracle`.
    """
    more, features = encoder_of(encoder, data_format)

    def forward(p, **arrays):
        found = model(p, **arrays, features=features)
        return {"outputs": [found[name] for name in sorted(outputs)]}

    def training(p, draws, targets, **arrays):
        draws = {path.split("/")[-1]: numbers for path, numbers in draws.items()}
        found = model(p, **arrays, features=features, draws=draws)
        loss, weights = added(p, found, targets)
        return {
            "outputs": [found[name] for name in sorted(outputs)],
            "loss": caption_losses.crossentropy(found["logits"], targets) + loss,
            "weights": {**found.get("weights", {}), **weights},
        }

    return Oracle({**more, **symbols}, forward, training, gain=gain)


def show_and_tell(rate=0.5, **encoder):
    model = partial(captions.show_and_tell, rate=rate)
    return caption_oracle(SHOW_AND_TELL, model, ("logits",), lambda *_: (0.0, {}), **encoder)


def soft(penalty=1.0, gate=True, rate=0.5, **encoder):
    """Show, Attend and Tell with the doubly stochastic penalty `λ`."""
    model = partial(captions.show_attend_tell, choose=captions.soft, rate=rate)

    def added(p, found, targets):
        looks = found["attention_weights"]
        return caption_losses.doubly_stochastic(looks, targets, penalty), {}

    symbols = {**SHOW_ATTEND_TELL, **(GATE if gate else {})}
    return caption_oracle(symbols, model, ("attention_weights", "logits"), added, **encoder)


def hard(added=caption_losses.reinforce, expectation_rate=0.5, inference="argmax", **encoder):
    """Show, Attend and Tell with drawn locations."""
    choose = captions.drawn(expectation_rate, inference)
    model = partial(captions.show_attend_tell, choose=choose)
    outputs = ("attention_weights", "entropy", "log_probability", "logits")
    symbols = {**SHOW_ATTEND_TELL, **GATE, **BASELINE}
    return caption_oracle(symbols, model, outputs, added, gain=3.0, **encoder)


def entropy(weight):
    """Returns the added loss of the straight-through estimator, `-λ_e H[s]`."""
    return lambda p, found, targets: (
        -weight * found["entropy"].sum() / np.count_nonzero(targets),
        {},
    )


def semantic_attention(attributes, count, weight=1.0, rate=0.5, **encoder):
    model = partial(captions.semantic_attention, attributes=attributes, count=count, rate=rate)

    def added(p, found, targets):
        looks = [found[name] for name in ("input_weights", "attention_weights")]
        return caption_losses.sparsity(looks, targets, weight), {}

    symbols = {**DETECTOR, **SEMANTIC_ATTENTION}
    outputs = ("attention_weights", "input_weights", "logits")
    return caption_oracle(symbols, model, outputs, added, **encoder)


def attribute_detector(rate, encoder="small", data_format=None):
    """A fully convolutional detector, whose probabilities are the highest over the places."""
    more, features = encoder_of(encoder, data_format)

    def forward(p, image):
        return {"outputs": [captions.attribute_probability(p, features(p, image)[0])]}

    def training(p, draws, targets, image):
        maps, moved = features(p, image, True)
        numbers = draws["drop_features"]
        if data_format == "channels_first":
            numbers = [np.moveaxis(each, 1, -1) for each in numbers]
        probability = captions.attribute_probability(p, maps, captions.Dropout(rate, numbers))
        return {
            "outputs": [probability],
            "loss": caption_losses.binary_crossentropy(probability, targets),
            "weights": moved,
        }

    return Oracle({**more, **DETECTOR}, forward, training, gain=2.0)
