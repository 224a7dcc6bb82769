"""Layers and models that hold layers: what is changed in them after construction is kept."""

import functools
import re

import keras


class Composite:
    """Mixin of a layer or model that holds layers; it stands before Keras's class.

    `trainable=False` reaches the layers within whenever they are made: given to the constructor,
    set before `build`, or set after it. The config records, by the path of each layer within, what
    was changed after construction: frozen layers, quantization, LoRA and dtype policies.
    `from_config`, and with it every file, brings these changes back.
    """

    # Changes that `from_config` has read and `build` applies.
    _changes = None

    def __new__(cls, *args, **kwargs):
        if not issubclass(cls, keras.Layer):  # Keras tries the bases of a model one by one
            return super().__new__(cls)
        layer = super().__new__(cls, *args, **kwargs)
        build = layer.build

        @functools.wraps(build)
        def build_and_finish(*args, **kwargs):
            build(*args, **kwargs)
            layer._finish()

        object.__setattr__(layer, "build", build_and_finish)
        return layer

    def _finish(self):
        """Hands the flag `trainable` on, and applies the changes of a config."""
        if not self.trainable:
            # One by one: TensorFlow's `__setattr__` does nothing for a value that is there already.
            for layer in self._flatten_layers(include_self=False):
                layer.trainable = False
            for weight in self.weights:
                weight.trainable = False
        if self._changes is not None:
            apply_changes(self, self._changes)
            object.__setattr__(self, "_changes", None)

    def get_config(self):
        config = super().get_config()
        changes = collect_changes(self)
        return {**config, "changes": changes} if changes else config

    @classmethod
    def from_config(cls, config):
        arguments = {name: deserialize(value) for name, value in config.items()}
        changes = arguments.pop("changes", {})
        layer = cls(**arguments)
        object.__setattr__(layer, "_changes", changes)
        if layer.built:
            layer._finish()
        return layer


def unbuilt_config(layer):
    """The config of a layer that its owner builds, so that the paths of its weights stay."""
    config = keras.saving.serialize_keras_object(layer)
    config.pop("build_config", None)
    return config


def deserialize(value):
    """A value of a config, with Keras objects in place of their configs."""
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    if isinstance(value, dict):
        return {name: deserialize(each) for name, each in value.items()}
    if isinstance(value, list):
        return [deserialize(each) for each in value]
    return value


def layers_by_path(owner):
    """Layers within `owner`, each once, by paths that are the same in every copy of `owner`.

    Keras numbers automatic names over all layers of a process; here they count from the owner.

    Returns:
        A dictionary of pairs, the layer and the layer that holds it; the holder comes first.
    """
    found, seen = {}, {id(owner)}

    def visit(parent, prefix):
        for layer in parent._flatten_layers(include_self=False, recursive=False):
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            name = re.sub(r"_\d+$", "", layer.name)
            if name.replace("_", "") != type(layer).__name__.lower():
                name = layer.name
            path, count = prefix + name, 0
            while path in found:
                count += 1
                path = f"{prefix}{name}_{count}"
            found[path] = (layer, parent)
            visit(layer, f"{path}/")

    visit(owner, "")
    return found


def collect_changes(owner):
    """What differs in the layers within `owner` from what their owners hand on, by path."""
    changes = {}
    for path, (layer, parent) in layers_by_path(owner).items():
        change = {}
        if layer.dtype_policy != owner.dtype_policy and not _is_input(layer):
            change["dtype"] = keras.dtype_policies.serialize(layer.dtype_policy)
        if getattr(layer, "quantization_config", None) is not None:
            config = keras.saving.serialize_keras_object(layer.quantization_config)
            change["quantization_config"] = config
        if getattr(layer, "lora_enabled", False):
            change.update(lora_rank=layer.lora_rank, lora_alpha=layer.lora_alpha)
        if layer.trainable != parent.trainable:
            change["trainable"] = layer.trainable
        if change:
            changes[path] = change
    return changes


def apply_changes(owner, changes):
    """Makes the layers within a built `owner` what `collect_changes` has found, which is given
    with Keras objects in place of their configs."""
    for path, (layer, parent) in layers_by_path(owner).items():
        change = changes.get(path, {})
        policy = keras.dtype_policies.get(change.get("dtype", owner.dtype_policy))
        if policy.quantization_mode and not layer.quantization_mode:
            layer.dtype_policy = policy.name.split("_from_", 1)[1]
            layer.quantize(policy.quantization_mode, config=change.get("quantization_config"))
        elif layer.dtype_policy != policy and not _is_input(layer):
            layer.dtype_policy = policy
        if "lora_rank" in change and not layer.lora_enabled:
            layer.enable_lora(change["lora_rank"], lora_alpha=change["lora_alpha"])
        trainable = change.get("trainable", parent.trainable)
        if layer.trainable != trainable:
            layer.trainable = trainable


def _is_input(layer):
    return isinstance(layer, keras.layers.InputLayer)
