import keras

from keras_attn.layers import AttentionDecoder


class ScheduledSampling(keras.callbacks.Callback):
    """Sets how often decoders take their own words in training, epoch by epoch.

    A decoder that has only ever seen right words before it does not know what to do after a wrong
    one. With scheduled sampling it learns with more and more words of its own.

    `schedule(epoch)` is `1 - ε_i` of the paper: linear `ε_i = max(ε, k - c i)`, exponential
    `ε_i = k^i`, inverse sigmoid `ε_i = k / (k + exp(i / k))`.

    Args:
        schedule: a function of the epoch, from 0, that gives the probability, in [0, 1], of taking
            the model's own word instead of the right one.

    Raises:
        ValueError: in `fit`, for a model without a decoder that has `sample_fn`, or a probability
            outside of [0, 1].

    Example:

    >>> callback = keras_attn.decoding.ScheduledSampling(lambda epoch: 1 - 0.9**epoch)
    >>> round(callback.schedule(1), 2)
    0.1

    Reference:
        Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks",
        2015, https://arxiv.org/abs/1506.03099
    """

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule

    def on_train_begin(self, logs=None):
        self._decoders = [
            layer
            for layer in self.model._flatten_layers()
            if isinstance(layer, AttentionDecoder) and layer.sample_fn is not None
        ]
        if not self._decoders:
            raise ValueError(
                "`ScheduledSampling` needs a model with a decoder that has `sample_fn`. "
                f"Received: {type(self.model).__name__} without one"
            )

    def on_epoch_begin(self, epoch, logs=None):
        probability = float(self.schedule(epoch))
        if not 0 <= probability <= 1:
            raise ValueError(
                f"`schedule` must give numbers in [0, 1]. Received: {probability} of epoch {epoch}"
            )
        for decoder in self._decoders:
            decoder.sampling_probability.assign(probability)
