import keras
from keras import ops

from keras_attn.ops.reinforce import reinforce_loss


class RewardBaseline(keras.layers.Layer):
    """The loss of REINFORCE with a moving average of earlier rewards as its baseline.

    `b_k = ρ b_{k-1} + (1 - ρ) Σ_i R_i / Σ_i n_i`, the sums over a batch; the baseline of example
    `i` is `n_i b_k`; see `keras_attn.ops.reinforce_loss`. The first batch is its own baseline.

    Convention: in the paper the captions of a batch are of one length, so that `n` makes no
    difference there; among captions of many lengths the reward follows the length more than
    anything that was drawn.

    The layer is called on the log-probability of the draws and passes it on, so that it is part of
    a functional model; the model's `compute_loss`, which knows the reward, calls `loss`.

    Args:
        momentum: `ρ` in [0, 1); 0.9 in the paper.
        entropy_weight: `λ_e`, 0.002 in the paper.

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, section 4.1, https://arxiv.org/abs/1502.03044
    """

    def __init__(self, momentum=0.9, entropy_weight=0.002, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.momentum = momentum
        self.entropy_weight = entropy_weight

    def build(self, input_shape):
        # The sum of the mean rewards with their weights in the average, and that of these weights.
        self.total, self.mass = (
            self.add_weight((), initializer="zeros", trainable=False, name=name)
            for name in ("total", "mass")
        )

    def call(self, log_probability):
        return log_probability

    def loss(self, log_probability, entropy, reward, count, training=True):
        """The loss of each example, `(batch,)`; in training the baseline moves on.

        Args:
            log_probability, entropy: of the draws, `(batch, 1)`.
            reward: larger is better, `(batch,)`.
            count: how many numbers each reward is the sum of, the words of a caption, `(batch,)`.
            training: whether anything was drawn.
        """
        mean = ops.stop_gradient(ops.sum(reward) / ops.maximum(ops.sum(count), 1.0))
        total, mass = (ops.convert_to_tensor(weight) for weight in (self.total, self.mass))
        baseline = ops.where(mass > 0.0, total / ops.where(mass > 0.0, mass, 1.0), mean)
        if training:
            self.total.assign(self.momentum * total + (1.0 - self.momentum) * mean)
            self.mass.assign(self.momentum * mass + (1.0 - self.momentum))
        return reinforce_loss(
            log_probability, reward, baseline * count, entropy, self.entropy_weight
        )
