import math

from keras import ops

from keras_attn.ops.checks import check_number
from keras_attn.ops.known import broadcasts, shapes_match
from keras_attn.ops.named_axes import with_axes
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received


def reinforce_loss(log_probability, reward, baseline=0.0, entropy=None, entropy_weight=0.0):
    """The loss whose gradient is the score-function estimator of draws without a gradient.

    `L = -Σ_t (R_t - b_t) log p(s̃_1..s̃_t given a) - λ_e H[s̃]`, the gradient of `R` and `b` left out

    A draw counts for what is rewarded at its step and after it, as it cannot change what is before
    (its "reward to go"). With a single reward for all draws, the paper's, it counts for everything:
    as unbiased, but what was settled before a draw adds to its noise.

    | here | in the paper |
    | --- | --- |
    | `log_probability` | `log p(s̃ given a)` of all draws up to a step |
    | `reward` | `R`, in the paper `λ_r log p(y given s̃, a)`, of all steps as one |
    | `baseline` | `b`, a moving average of earlier rewards |
    | `entropy`, `entropy_weight` | `H[s̃]`, `λ_e` |

    Args:
        log_probability: of what was drawn up to each step, that of the step included, `(batch,
            steps)`; or of all draws, `(batch,)`.
        reward: of each step, larger is better, `(batch, steps)`; or of all, `(batch,)`.
        baseline: a number, or of a shape that broadcasts to `reward`; it takes no part in the mean
            of the estimate, and the better it predicts the reward the less the estimate varies.
        entropy: of the distributions, `(batch,)` or `(batch, 1)`, or None.
        entropy_weight: `λ_e`; 0.002 in the paper.

    Returns:
        `(batch,)`, float32 or wider.

    Raises:
        ValueError: if there is not one reward for each `log_probability`.

    Example:

    >>> loss = keras_attn.ops.reinforce_loss(np.log([0.5, 0.25]), np.array([1.0, -1.0]))
    >>> [round(float(each), 3) for each in loss]
    [0.693, -1.386]

    Two draws of probability 1/2, one after the other, the second of them without a reward:

    >>> up_to = np.log([[0.5, 0.25]])
    >>> round(float(keras_attn.ops.reinforce_loss(up_to, np.array([[1.0, 0.0]]))[0]), 3)
    0.693

    Reference:
        Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
        Learning", 1992; Xu et al., "Show, Attend and Tell", 2015, section 4.1,
        https://arxiv.org/abs/1502.03044
    """
    log_probability, reward = with_axes(
        {"log_probability": "batch steps", "reward": "batch steps"},
        log_probability=_steps(log_probability),
        reward=_steps(reward),
    )
    check_number("entropy_weight", entropy_weight, "be a finite number", math.isfinite)
    baseline = ops.cast(_steps(baseline), reward.dtype)
    if not broadcasts(baseline.shape, reward.shape):
        raise ValueError(
            "`baseline` must be a number, or of a shape that broadcasts to `reward`. "
            f"{received(baseline=baseline, reward=reward)}"
        )
    gain = ops.stop_gradient(reward - baseline)
    loss = -ops.sum(gain * log_probability, axis=-1)
    if entropy is not None:
        entropy = ops.cast(_steps(entropy), loss.dtype)
        if not shapes_match(entropy.shape, (reward.shape[0], 1)):
            raise ValueError(
                "`entropy` must be of shape (batch,) or (batch, 1). "
                f"{received(entropy=entropy, reward=reward)}"
            )
        loss = loss - entropy_weight * entropy[:, 0]
    return loss


def _steps(tensor):
    """With an axis of steps, of a single one if there was none."""
    tensor = as_float32(tensor)
    return tensor[:, None] if len(tensor.shape) == 1 else tensor
