"""Mixin that saves changes of sublayers made after construction."""

import functools
import re

import keras

# Entries of a config for changes of the sublayers of a built layer, and of one not yet built.
CHANGES, EARLY_CHANGES = "changes", "changes_before_build"


class Composite:
    """Mixin for layers and models with sublayers; must precede the Keras class among the bases.

    `trainable=False` applies to all sublayers, whether it is passed to the constructor, set before
    `build` or set after `build`. The config records changes made after construction by the path of
    the sublayer: `trainable`, quantization, LoRA and dtype policies. `from_config` and saved models
    restore these changes.

    The entry `changes` of the config describes all sublayers of a built layer: a sublayer that it
    does not name has the settings of its parent. The entry `changes_before_build` describes only
    the sublayers that it names; `build` may create others, with settings of their own.
    """

    # Entries of the config that are applied after `build`.
    _pending = None

    def __new__(cls, *args, **kwargs):
        if not issubclass(cls, keras.Layer):  # Keras also instantiates the bases of a model
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
        """Passes `trainable=False` to all sublayers, and applies the changes of a config."""
        if not self.trainable:
            # Layer by layer: on TensorFlow, assigning the present value of an attribute is skipped.
            for layer in self._flatten_layers(include_self=False):
                layer.trainable = False
            for weight in self.weights:
                weight.trainable = False
        pending = self._pending or {}
        object.__setattr__(self, "_pending", None)
        for name, changes in pending.items():
            apply_changes(self, name, deserialize(changes))

    def get_config(self):
        return {**super().get_config(), **recorded_changes(self)}

    @classmethod
    def from_config(cls, config):
        pending = {name: config[name] for name in (CHANGES, EARLY_CHANGES) if name in config}
        arguments = {
            name: deserialize(value) for name, value in config.items() if name not in pending
        }
        layer = cls(**arguments)
        object.__setattr__(layer, "_pending", pending)
        if layer.built:
            layer._finish()
        return layer


def unbuilt_config(layer):
    """Returns the config of a sublayer without its build config.

    The owner builds the sublayer, so that the paths of the weights are the same after loading.
    """
    config = keras.saving.serialize_keras_object(layer)
    config.pop("build_config", None)
    return config


def deserialize(value):
    """Deserializes the Keras objects within a value of a config."""
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    if isinstance(value, dict):
        return {name: deserialize(each) for name, each in value.items()}
    if isinstance(value, list):
        return [deserialize(each) for each in value]
    return value


def layers_by_path(owner):
    """Returns the sublayers of `owner` by paths that are the same in every copy of `owner`.

    Keras numbers automatic names across the process; these paths number them within the owner.

    Returns:
        Dictionary path → `(layer, parent)`, each layer once and parents before their sublayers.
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


def recorded_changes(owner):
    """Returns the entries of the config for changes of sublayers; see `Composite`."""
    if owner._pending:
        return owner._pending
    changes = collect_changes(owner)
    if owner.built:
        return {CHANGES: changes}
    return {EARLY_CHANGES: changes} if changes else {}


def collect_changes(owner):
    """Returns a dictionary path → settings of the sublayer that differ from those of its parent.

    Dtype policies are compared with the policy of `owner`.
    """
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


def apply_changes(owner, name, changes):
    """Applies changes to the sublayers of a built layer.

    Args:
        owner: Built layer.
        name: Entry of the config that holds the changes, `CHANGES` or `EARLY_CHANGES`.
        changes: Deserialized result of `collect_changes`.

    Raises:
        ValueError: If `changes` names a sublayer that `owner` does not have.
    """
    layers = layers_by_path(owner)
    unknown = sorted(set(changes) - set(layers))
    if unknown:
        raise ValueError(
            f"`{name}` must name sublayers of {owner.name!r}. Received: {unknown}, but the "
            f"sublayers are {sorted(layers)}"
        )
    for path, (layer, parent) in layers.items():
        if name == EARLY_CHANGES and path not in changes:
            continue
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
