import keras
from keras import ops

from keras_attn.layers.alignment_inputs import (
    attention_mask,
    checked_shapes,
    query_value_key,
    select_outputs,
    two_masks,
)
from keras_attn.layers.composite import Composite
from keras_attn.layers.same_draws import SameDraws
from keras_attn.ops import kernels, precision
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import check_number
from keras_attn.ops.known import differ
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.random_numbers import uniform
from keras_attn.ops.received import received


class AlignmentAttention(Composite, SameDraws, keras.layers.Layer):
    """Base class of all alignment layers, which are interchangeable.

    `α_ij = softmax_j(score(s_i, h_j))`, `c_i = Σ_j α_ij h_j`

    | here | in the papers |
    | --- | --- |
    | `query` | decoder states `s_i` |
    | `value` | annotations, the memory `h_j` |
    | `key` | what the score compares with the query, by default the annotations |
    | attention weights | `α_ij` |
    | context | `c_i` |

    Args:
        dropout: fraction of the attention weights that are dropped in training, in [0, 1).
        seed: of the dropout.
        kernel_initializer, bias_initializer, kernel_regularizer: of the projections.

    Call arguments:
        inputs: a list `[query, value]` or `[query, value, key]`, as
            `keras.layers.AdditiveAttention` takes it: query `(batch, queries, query_width)`, or
            `(batch, query_width)` for one step; value `(batch, values, value_width)`; key `(batch,
            values, key_width)`. The widths may differ.
        mask: a list `[query_mask, value_mask]` (a third one is not looked at), boolean `(batch,
            queries)` and `(batch, values)`, each may be None. A masked value has weight 0; a masked
            query, and one without any value that is not masked, has weights and a context of 0.
        use_causal_mask: whether query `i` sees the values `0..i` alone.
        keys_projected: whether `key` is what `project_keys` has returned. A decoder projects the
            keys of its memory once, and not at every step. The layer must have been built.
        initial_state: what the query before the first one has left, for layers that remember (where
            they looked, how far they have come); by default `get_initial_state`.
        return_attention_scores: whether to return the attention weights too.
        return_state: whether to return what the last query leaves, a list of tensors, which is
            empty for a layer that remembers nothing.
        noise: what `draw_noise` returned, for a loop over the queries; drawn anew by default.
        training: whether dropout is applied.

    Returns:
        The context, `(batch, queries, value_width)`, or `(batch, value_width)` for one step. On
        request a tuple of it, the attention weights before dropout, `(batch, queries, values)` or
        `(batch, values)`, and the state.

    Raises:
        ValueError: for a dropout outside of [0, 1), at construction; for inputs that are not a list
            of two or three, or whose ranks, batches or lengths do not fit, at the call.

    A layer of your own says what its score is; masks, dropout, one-step queries and cached keys are
    there already.

    Example:

    >>> class BilinearAttention(keras_attn.AlignmentAttention):
    ...     def build_score(self, query_shape, key_shape):
    ...         self.query_projection = self.projection(key_shape[-1], "query_projection")
    ...         self.query_projection.build(query_shape)
    ...
    ...     def score(self, query, keys):
    ...         return keras_attn.ops.dot_scores(self.query_projection(query), keys)
    >>> context = BilinearAttention()([np.ones((2, 3, 4)), np.ones((2, 5, 8))])
    >>> context.shape == (2, 3, 8)
    True

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, https://arxiv.org/abs/1409.0473; Luong et al., "Effective Approaches to
        Attention-based Neural Machine Translation", 2015, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        dropout=0.0,
        seed=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        # States and noise are not rounded to half precision; what is attended to is, in `call`.
        super().__init__(**{"autocast": False, **kwargs})
        check_number("dropout", dropout, "be in [0, 1)", lambda rate: 0 <= rate < 1)
        self.dropout = dropout
        self.seed = seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.supports_masking = True
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None

    # === What a layer says of itself ===

    @property
    def longest_memory(self):
        """Largest number of positions of a memory, masked ones included; `None` for no limit."""
        return None

    def build_score(self, query_shape, key_shape):
        """Makes the weights of the score, for queries and keys of these shapes, of rank 3."""

    def project_keys(self, key):
        """Projects the keys; computed once for all queries."""
        return key

    def score(self, query, keys):
        """Alignment scores `(batch, queries, values)`.

        Args:
            query: `(batch, queries, query_width)`.
            keys: what `project_keys` returned.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `score`.")

    def align(self, query, keys, allowed, state, noise):
        """Attention weights `(batch, queries, values)` and the next state.

        Args:
            query, keys: see `score`.
            allowed: boolean, broadcasts to the weights, False where they are zero; or None.
            state: list of tensors, see `state_shapes`.
            noise: in training what `draw_noise` returned; None otherwise.
        """
        return attention_weights(self.score(query, keys), allowed), state

    def attend(self, query, keys, value, allowed, state, noise):
        """Returns the context, the weights before dropout, and the next state.

        Args:
            value: `(batch, values, value_width)`.
            query, keys, allowed, state, noise: see `align`.
        """
        weights, state = self.align(query, keys, allowed, state, noise)
        weights = ops.cast(weights, self.compute_dtype)
        return precision.matmul(self.dropped(weights, noise), value), weights, state

    def finish(self, context, weights, query, query_mask):
        """The context that is returned, of what the weights have read.

        Args:
            context: `(batch, queries, value_width)`.
            weights: `(batch, queries, values)`, before dropout.
            query: `(batch, queries, query_width)`.
            query_mask: boolean `(batch, queries)`, or None.
        """
        return context

    def penalty(self, weights, query_mask):
        """Returns the loss that the layer adds for its attention weights, or `None`.

        Args:
            weights: `(batch, queries, values)`, of the first query to the last.
            query_mask: boolean `(batch, queries)`, False for queries that do not count; or None.
        """

    def state_shapes(self, batch_size, values):
        """Shapes of the states that a query passes to the next query; dtype `exact_dtype`."""
        return []

    def get_initial_state(self, batch_size, values):
        """The state before the first query, over a memory of `values` positions."""
        return [
            ops.zeros(shape, self.exact_dtype) for shape in self.state_shapes(batch_size, values)
        ]

    def draw_noise(self, batch_size, queries, values):
        """Random numbers for the training, a list of `(batch, queries, ...)`.

        They are drawn for all queries at once, as a loop over the queries cannot draw.
        """
        if not self.dropout:
            return []
        return [uniform((batch_size, queries, values), seed=self.seed_generator)]

    # === Keras ===

    def build(self, input_shape):
        query, _, key = checked_shapes(input_shape)
        if len(query) == 2:
            query = (query[0], 1, query[1])
        self.build_score(query, key)

    def call(
        self,
        inputs,
        mask=None,
        training=None,
        return_attention_scores=False,
        use_causal_mask=False,
        keys_projected=False,
        initial_state=None,
        return_state=False,
        noise=None,
    ):
        query, value, keys, allowed = self.prepared(inputs, mask, use_causal_mask, keys_projected)
        whole = initial_state is None
        if initial_state is None:
            initial_state = self.get_initial_state(*ops.shape(value)[:2])
        if not training:
            noise = None
        elif noise is None:
            noise = self.draw_noise(*ops.shape(query)[:2], ops.shape(value)[1])
        initial_state = [ops.cast(each, self.exact_dtype) for each in initial_state]
        context, weights, state = self.attend(query, keys, value, allowed, initial_state, noise)
        if whole:
            self.penalise(weights, two_masks(mask)[0])
        context = self.finish(context, weights, query, two_masks(mask)[0])
        if len(inputs[0].shape) == 2:
            context, weights = context[:, 0], weights[:, 0]
        return select_outputs(context, weights, state, return_attention_scores, return_state)

    def compute_output_spec(
        self,
        inputs,
        mask=None,
        training=None,
        return_attention_scores=False,
        use_causal_mask=False,
        keys_projected=False,
        initial_state=None,
        return_state=False,
        noise=None,
    ):
        query, value, _ = (tensor.shape for tensor in query_value_key(inputs))
        context = keras.KerasTensor((*query[:-1], value[-1]), dtype=self.compute_dtype)
        weights = keras.KerasTensor((*query[:-1], value[1]), dtype=self.compute_dtype)
        shapes = self.state_shapes(value[0], value[1])
        state = [keras.KerasTensor(shape, dtype=self.exact_dtype) for shape in shapes]
        return select_outputs(context, weights, state, return_attention_scores, return_state)

    def compute_output_shape(self, input_shape):
        query, value, _ = checked_shapes(input_shape)
        return (*query[:-1], value[-1])

    def compute_mask(self, inputs, mask=None):
        one_step = len(inputs[0].shape) == 2
        return None if one_step or not mask else mask[0]

    def get_config(self):
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "seed": self.seed,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

    # === Helpers ===

    @property
    def exact_dtype(self):
        """Dtype of the states and the softmax: float64 under a float64 policy, else float32."""
        return promote_dtypes(self.compute_dtype, "float32")

    def penalise(self, weights, query_mask, layer=None):
        """Adds `penalty` to the losses of a layer: this one, or what has called it step by step."""
        penalty = self.penalty(weights, query_mask)
        if penalty is not None:
            (layer or self).add_loss(penalty)

    def projection(self, units, name, use_bias=False):
        """A dense layer over the last axis, with this layer's initializers and precision."""
        dense = keras.layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name=name,
        )
        step_dense = kernels.load("step_dense")
        return step_dense(dense) if step_dense else dense

    def prepared(self, inputs, mask=None, use_causal_mask=False, keys_projected=False):
        """Query, value, keys and `allowed` of a call, as `attend` takes them."""
        query, value, key = query_value_key(inputs)
        if not keys_projected:
            checked_shapes([tuple(tensor.shape) for tensor in inputs])
        elif any(map(differ, key.shape[:2], value.shape[:2])):
            raise ValueError(
                "`value` and `key` must have the same batch and length. "
                f"{received(value=value, key=key)}"
            )
        query, value, key = (ops.cast(each, self.compute_dtype) for each in (query, value, key))
        if not keys_projected:
            key = self.project_keys(key)
        if len(query.shape) == 2:
            if use_causal_mask:
                raise ValueError(
                    "`use_causal_mask` needs a query of several steps. "
                    f"{received(query=query, value=value)}"
                )
            query = query[:, None]
        return query, value, key, attention_mask(query, value, mask, use_causal_mask)

    def dropped(self, weights, noise):
        """The weights that are used: all of them where there is no noise, out of training."""
        if noise is None or not self.dropout:
            return weights
        kept = ops.cast(noise[0] >= self.dropout, weights.dtype)
        return weights * kept / (1.0 - self.dropout)


def fresh(initializer):
    """A copy, as an initializer that is used twice may give the same numbers twice."""
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer
