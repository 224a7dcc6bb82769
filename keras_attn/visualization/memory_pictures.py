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
        inputs: Batch of inputs of the model: sequences `(batch, steps, channels)`, tokens, or
            several inputs. The first example is drawn, unless the options name another. Only
            sequences with channels are drawn as a panel.
        folder: where the pictures go; it is made.
        frequency: epochs from one picture to the next.
        trace: a callable `inputs -> trace`, which gives what `keras_attn.NTM.trace` returns; None
            for the first `NTM` or `MemoryRNN` among the model's layers.
        animation: whether to make the animation.
        **options: of `keras_attn.visualization.plot_memory_use`, such as `example`.

    Raises:
        ValueError: If `frequency` is not positive, or, when training starts, if no `NTM` or
            `MemoryRNN` is found in the model.

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
        outputs = self.model(self.inputs, training=False)
        trace = (find_trace(self.model) if self.trace is None else self.trace)(self.inputs)
        # Tokens, and outputs without a step axis, have no panels.
        shown = {
            name: each
            for name, each in (("inputs", self.inputs), ("outputs", outputs))
            if len(getattr(each, "shape", ())) == 3
            and tuple(each.shape[:2]) == tuple(trace["memory"].shape[:2])
        }
        plot_memory_use(trace, **{**shown, **options})


def find_trace(model):
    """Returns a callable `inputs -> trace` for the first memory layer of a model.

    Raises:
        ValueError: If the model is not functional, or has no `NTM` or `MemoryRNN` among its layers.
    """
    layer = next((each for each in model.layers if isinstance(each, MemoryRNN)), None)
    if layer is None or not getattr(model, "inputs", None):
        raise ValueError(
            "`model` must be a functional or sequential model with an `NTM` or `MemoryRNN` among "
            f"its layers; else give `trace=`. Received: {model}"
        )
    # Order: sequences, optional states, optional mask.
    tensors = keras.tree.flatten(layer.input)
    before = keras.Model(model.inputs, tensors)

    def trace(inputs):
        sequences, *states = keras.tree.flatten(before(keras.tree.flatten(inputs)))
        mask = states.pop() if tensors[-1].dtype == "bool" else None
        return layer.trace(sequences, states or None, mask)

    return trace
