"""Changes of a layer or model after construction, shared by several contracts."""

import keras
import numpy as np

from keras_attn.applications.own_loss import OwnLoss


def weighted_layers(model):
    """Returns the layers of a model that have weights and no sublayers."""
    layers = model._flatten_layers(include_self=False)
    return [each for each in layers if each.weights and not each._layers]


def adaptable_layers(model):
    """Returns the dense and embedding layers, which `quantize` and `enable_lora` change."""
    kinds = (keras.layers.Dense, keras.layers.Embedding)
    return [layer for layer in model._flatten_layers() if isinstance(layer, kinds)]


def beyond_float32(model):
    """Scales float64 weights to values that float32 cannot represent."""
    for weight in model.weights:
        if weight.dtype == "float64":
            weight.assign(keras.ops.convert_to_numpy(weight) * (1.0 + 1e-9))


def varied(model):
    """Sets random weights with which the sequences that a model generates depend on its inputs."""
    generator = np.random.default_rng(16)
    for weight in model.weights:
        if len(weight.shape) >= 2:
            value = generator.uniform(-4.0, 4.0, weight.shape) / np.prod(weight.shape[:-1]) ** 0.5
        else:
            value = generator.uniform(0.2, 0.5, weight.shape)
        weight.assign(value)
    return model


def freeze_one(model):
    """Freezes the middle one of the layers with weights."""
    layers = weighted_layers(model)
    layers[len(layers) // 2].trainable = False


def quantize(model):
    model.quantize("int8")


def enable_lora(model, scale=0.5):
    """Adds LoRA adapters with random weights of standard deviation `scale` to a model."""
    generator = np.random.default_rng(5)
    for layer in weighted_layers(model):
        if hasattr(layer, "enable_lora"):
            layer.enable_lora(2, lora_alpha=3.0)
            for weight in layer.trainable_weights:
                if "lora" in weight.path:
                    weight.assign(generator.normal(0.0, scale, weight.shape))


def invert_trainable(model):
    """Freezes the trainable layers and unfreezes the others."""
    for layer in weighted_layers(model):
        layer.trainable = not layer.trainable


def set_bfloat16_policy(model):
    for layer in weighted_layers(model):
        layer.dtype_policy = "mixed_bfloat16"


def randomize_optimizer(model):
    """Compiles a model and randomizes the state of its optimizer."""
    model.compile("adam", loss=None if isinstance(model, OwnLoss) else "mse")
    model.optimizer.build(model.trainable_variables)
    generator = np.random.default_rng(6)
    for variable in model.optimizer.variables:
        if "float" in variable.dtype:
            variable.assign(generator.uniform(size=variable.shape))


def arrays_by_path(variables):
    return [(each.path, keras.ops.convert_to_numpy(each)) for each in variables]
