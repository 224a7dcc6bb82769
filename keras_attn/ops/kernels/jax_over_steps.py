"""Loops over steps on JAX.

Of a step is kept what products with weights gave, and what is `kept`; the rest is made again for
the gradient. What is kept is written, copied and read, which takes longer than most of it takes to
make.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name

KEPT = "kept of a step"
POLICIES = jax.checkpoint_policies
POLICY = POLICIES.save_from_both_policies(
    POLICIES.dots_with_no_batch_dims_saveable, POLICIES.save_only_these_names(KEPT)
)


def kept(array):
    """`array`, which a loop over steps keeps for its gradient: it is dear to make."""
    return checkpoint_name(array, KEPT)


def over_steps(function, sequences, state):
    """Equals `plain_over_steps`, in one compiled loop."""

    def step(state, inputs):
        outputs, after = function(inputs, state)
        return list(after), list(outputs)

    # The loop itself keeps the two computations apart.
    step = jax.checkpoint(step, policy=POLICY, prevent_cse=False)
    moved = [jnp.moveaxis(sequence, 1, 0) for sequence in sequences]
    state, outputs = lax.scan(step, state, moved)
    return [jnp.moveaxis(output, 0, 1) for output in outputs], state
