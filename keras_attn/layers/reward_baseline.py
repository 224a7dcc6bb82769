import math

import keras
from keras import ops

from keras_attn.ops.checks import check_number
from keras_attn.ops.reinforce import reinforce_loss


@keras.saving.register_keras_serializable(package="keras_attn")
class RewardBaseline(keras.layers.Layer):
    """The loss of REINFORCE with a moving average of earlier rewards as its baseline.

    `b_k = m_k / (1 - ρ^k)`, `m_k = ρ m_{k-1} + (1 - ρ) Σ_it R_it / Σ_i n_i`, `m_0 = 0`, the sums
    over the words of a batch; `b_k` is the baseline of every word of the next batch, see
    `keras_attn.ops.reinforce_loss`. The first batch is its own.

    Convention: the paper has no division by `1 - ρ^k`, the sum of the weights of all batches. In
    the paper the captions of a batch are of one length and share one reward and one baseline; among
    captions of many lengths that reward follows the length more than anything that was drawn, so
    that the baseline is one of a word.

    The layer is called on the log-probability of the draws and passes it on, so that it is part of
    a functional model; the model's `compute_loss`, which knows the rewards, calls `loss`.

    Args:
        momentum: `ρ` in [0, 1); 0.9 in the paper.
        entropy_weight: `λ_e`, 0.002 in the paper.
        to_go: whether a draw is rewarded for the words from its step on; otherwise for all words of
            the caption, as in the paper.

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, section 4.1, https://arxiv.org/abs/1502.03044
    """

    def __init__(self, momentum=0.9, entropy_weight=0.002, to_go=True, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        check_number("momentum", momentum, "be in [0, 1)", lambda value: 0 <= value < 1)
        check_number("entropy_weight", entropy_weight, "be a finite number", math.isfinite)
        self.momentum = momentum
        self.entropy_weight = entropy_weight
        self.to_go = to_go

    def build(self, input_shape):
        # The sum of the mean rewards with their weights in the average, and that of these weights.
        self.total, self.mass = (
            self.add_weight((), initializer="zeros", trainable=False, aggregation="mean", name=name)
            for name in ("total", "mass")
        )

    def call(self, log_probability):
        return log_probability

    def loss(self, log_probability, entropy, reward, written, training=True, weights=None):
        """The loss of each example, `(batch,)`; in training the baseline moves on.

        Args:
            log_probability: of the draws up to each step, `(batch, steps)`.
            entropy: of the draws, `(batch, 1)`.
            reward: of each word, larger is better, `(batch, steps)`; 0 where none is written.
            written: boolean, whether a word is, `(batch, steps)`.
            training: whether anything was drawn.
            weights: Tensor of shape `(batch, steps)`, weights of the words in the mean reward, or
                `None`.
        """
        reward = ops.convert_to_tensor(reward)
        dtype = reward.dtype
        written = ops.cast(written, dtype)
        counts = written if weights is None else written * ops.cast(weights, dtype)
        mean = ops.stop_gradient(ops.divide_no_nan(ops.sum(reward * counts), ops.sum(counts)))
        total, mass = (ops.cast(weight, dtype) for weight in (self.total, self.mass))
        baseline = ops.where(mass > 0.0, total / ops.where(mass > 0.0, mass, 1.0), mean) * written
        if training:
            self.total.assign(self.momentum * total + (1.0 - self.momentum) * mean)
            self.mass.assign(self.momentum * mass + (1.0 - self.momentum))
        if not self.to_go:
            log_probability = log_probability[:, -1:]
            reward, baseline = (ops.sum(each, -1, keepdims=True) for each in (reward, baseline))
        return reinforce_loss(log_probability, reward, baseline, entropy, self.entropy_weight)

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "entropy_weight": self.entropy_weight,
            "to_go": self.to_go,
        }
