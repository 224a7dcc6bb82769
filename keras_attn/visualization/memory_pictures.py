import keras

from keras_attn.layers.memory_rnn import MemoryRNN
from keras_attn.visualization.memory_use import plot_memory_use
from keras_attn.visualization.training_pictures import TrainingPictures


class MemoryPictures(TrainingPictures):
    """Saves pictures of how a Neural Turing Machine uses its memory while it is trained.

    Draws the same sequence before training (`epoch_0000.png`) and after every few epochs
    (`epoch_0001.png`, ...), as `plot_memory_use` does, and at the end turns the pictures into an
    animation, `training.gif`.

    Args:
        inputs: sequences that the model takes, `(batch, steps, channels)`; the first is drawn,
            unless the options say which.
        folder: where the pictures go; it is made.
        frequency: epochs from one picture to the next.
        trace: a callable `inputs -> trace`, which gives what `keras_attn.NTM.trace` returns; None
            for the first `NTM` or `MemoryRNN` among the model's layers.
        animation: whether to make the animation.
        **options: of `keras_attn.visualization.plot_memory_use`, such as `example`.

    Raises:
        ValueError: if `frequency` is not positive; when training starts, if the model has no `NTM`
            that can be found, or several inputs.

    Example:

    >>> inputs = keras.Input((None, 3))
    >>> machine = keras_attn.NTM(keras_attn.NTMCell(16, 8, 4), return_sequences=True)
    >>> model = keras.Model(inputs, keras.layers.Dense(2, "sigmoid")(machine(inputs)))
    >>> pictures = keras_attn.visualization.MemoryPictures(np.ones((1, 5, 3)), "pictures")
    >>> pictures.set_model(model)
    >>> pictures.draw(epoch=0).name
    'epoch_0000.png'

    Reference:
        Graves et al., "Neural Turing Machines", 2014, figure 6, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, inputs, folder, frequency=1, trace=None, animation=True, **options):
        # The locations that are used are others in each picture: the animation would jump.
        options = {"all_locations": True, **options}
        super().__init__(folder, frequency, animation, options, width=1400)
        self.inputs = inputs
        self.trace = trace

    def plot(self, **options):
        trace = find_trace(self.model) if self.trace is None else self.trace
        shown = {"inputs": self.inputs}
        outputs = self.model(self.inputs, training=False)
        # A model that answers once, and not at every step, has no such panel.
        if len(getattr(outputs, "shape", ())) == 3 and outputs.shape[1] == self.inputs.shape[1]:
            shown["outputs"] = outputs
        plot_memory_use(trace(self.inputs), **{**shown, **options})


def find_trace(model):
    """What the memory of a model does: `inputs -> trace`.

    Raises:
        ValueError: if the model has more inputs, or no `NTM` or `MemoryRNN` among its own layers.
    """
    layer = next((each for each in model.layers if isinstance(each, MemoryRNN)), None)
    if layer is None or len(getattr(model, "inputs", None) or []) != 1:
        raise ValueError(
            "`model` must be a functional or sequential model of one input, with an `NTM` or "
            f"`MemoryRNN` among its layers; else give `trace=`. Received: {model}"
        )
    before = keras.Model(model.inputs[0], layer.input)
    return lambda inputs: layer.trace(before(inputs))
