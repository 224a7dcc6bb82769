"""What the published systems have in common as Keras models."""

import keras

from keras_attn.applications.loss_checks import check_takes_logits
from keras_attn.datasets.text_tokenizer import TextTokenizer


class FunctionalModel(keras.Model):
    """A functional model that is saved by the arguments of its constructor.

    Args:
        inputs, outputs: of the functional model.
        dtype: the dtype policy that the layers were made with.
        arguments: those of the constructor by name, but for the dtype and Keras's own. They become
            attributes of the model and are its config.
    """

    # Name of the output that losses and metrics of `compile` see; `None` for a model with a loss of
    # its own.
    output_name = "logits"
    _functional = False

    def __init__(self, inputs, outputs, dtype, arguments, trainable=True, **kwargs):
        object.__setattr__(self, "_functional", True)
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        if self.output_name is not None:
            # Keras takes the names of the layers that made the outputs.
            self.output_names = [self.output_name]
        self.dtype_policy = keras.dtype_policies.get(dtype)
        for name, value in arguments.items():
            setattr(self, name, value)
        self._argument_names = tuple(arguments)
        # Keras's constructor would freeze the model but not its layers, which may serve another.
        if not trainable:
            self.trainable = False

    def __setattr__(self, name, value):
        # Layers are set before there is a functional model, which then keeps track of them. (torch
        # takes no module before it is initialised.)
        if self._functional:
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def compile(self, optimizer="rmsprop", loss=None, *args, **kwargs):
        if self.output_name == "logits":
            check_takes_logits(loss)
        super().compile(optimizer, loss, *args, **kwargs)

    def get_config(self):
        # Not Keras's own, which would describe the graph of layers instead of the arguments.
        serialize = keras.saving.serialize_keras_object
        arguments = {name: getattr(self, name) for name in self._argument_names}
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **{
                name: serialize(value) if isinstance(value, (TextTokenizer, keras.Layer)) else value
                for name, value in arguments.items()
            },
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            **{
                name: deserialize(value) if isinstance(value, dict) else value
                for name, value in config.items()
            }
        )
