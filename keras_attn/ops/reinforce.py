from keras import ops


def reinforce_loss(log_probability, reward, baseline=0.0, entropy=None, entropy_weight=0.0):
    """The loss whose gradient is the score-function estimator of draws without a gradient.

    `L = -(R - b) log p(s̃ given a) - λ_e H[s̃]`, the gradient of `R` and `b` left out

    | here | in the paper |
    | --- | --- |
    | `log_probability` | `log p(s̃ given a)` |
    | `reward` | `R`, in the paper `λ_r log p(y given s̃, a)` |
    | `baseline` | `b`, a moving average of earlier rewards |
    | `entropy`, `entropy_weight` | `H[s̃]`, `λ_e` |

    Args:
        log_probability: of what was drawn, `(batch,)` or `(batch, 1)`.
        reward: larger is better, `(batch,)` or `(batch, 1)`.
        baseline: a number, or one for each example; it takes no part in the mean of the estimate
            and the better it predicts the reward the less the estimate varies.
        entropy: of the distributions, `(batch,)` or `(batch, 1)`, or None.
        entropy_weight: `λ_e`; 0.002 in the paper.

    Returns:
        `(batch,)`, float32.

    Example:

    >>> loss = keras_attn.ops.reinforce_loss(np.log([0.5, 0.25]), np.array([1.0, -1.0]))
    >>> [round(float(each), 3) for each in loss]
    [0.693, -1.386]

    Reference:
        Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
        Learning", 1992; Xu et al., "Show, Attend and Tell", 2015, section 4.1,
        https://arxiv.org/abs/1502.03044
    """
    gain = ops.stop_gradient(_flat(reward) - _flat(baseline))
    loss = -gain * _flat(log_probability)
    if entropy is not None:
        loss = loss - entropy_weight * _flat(entropy)
    return loss


def _flat(tensor):
    tensor = ops.cast(ops.convert_to_tensor(tensor), "float32")
    return tensor[:, 0] if len(tensor.shape) == 2 else tensor
