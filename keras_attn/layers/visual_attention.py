import keras
from keras import ops

from keras_attn.layers.alignment_inputs import checked_shapes
from keras_attn.layers.bahdanau_attention import BahdanauAttention
from keras_attn.layers.feature_map_attention import FeatureMapAttention
from keras_attn.layers.hard_attention import HardAttention
from keras_attn.ops.checks import positive_integer

MODES = ("soft", "hard")
GATES = (None, "scalar", "vector")


@keras.saving.register_keras_serializable(package="keras_attn")
class VisualAttention(FeatureMapAttention):
    """Looks at the places of an image: soft and hard attention of Show, Attend and Tell.

    `e_ti = vᵀ tanh(W_h h_{t-1} + W_a a_i + b)`, `α_t = softmax(e_t)`, gate `β_t = σ(f_β(h_{t-1}))`;
    soft: `ẑ_t = β_t Σ_i α_ti a_i`; hard: `ẑ_t = β_t Σ_i s_ti a_i`, `s_t ~ Categorical(α_t)`

    | here | in the paper |
    | --- | --- |
    | `query` | the state `h_{t-1}` of the decoder |
    | annotations | `a_i`, the vectors of a feature map |
    | `units` | width of the attention model `f_att` |
    | `mode="soft"`, `"hard"` | deterministic, stochastic attention |
    | `gate_projection` | `f_β` |
    | attention weights | `α_t`; in the hard mode the location variable `s_t` |
    | context | `ẑ_t` |

    Convention: the paper's text has one `β` for the whole context (`gate="scalar"`), many ports one
    for each of its numbers (`"vector"`). The score is additive with tanh; some ports take relu.

    Args:
        units: width of the hidden layer of the score.
        mode: `"soft"` or `"hard"`. The hard one looks at one place, drawn in training, and its
            state is what `keras_attn.ops.reinforce_loss` needs, see `HardAttention`.
        gate: None, `"scalar"` or `"vector"`.
        estimator, temperature, expectation_rate, inference: of the hard mode, see `HardAttention`.
        data_format: of feature maps, `"channels_last"` or `"channels_first"`; by default that of
            Keras.
        scale_initializer: of `v`.
        **kwargs: see `AlignmentAttention`.

    Call arguments:
        inputs: a list `[query, annotations]`: query `(batch, queries, query_width)`, or `(batch,
            query_width)` for one step; annotations `(batch, height, width, depth)`, or `(batch,
            depth, height, width)` with channels first, or `(batch, places, depth)`.
        mask: a list `[query_mask, annotation_mask]`, the latter `(batch, height, width)` or
            `(batch, places)`; each may be None.
        others: see `AlignmentAttention`. `project_keys` takes annotations of either rank.

    Returns:
        The context, `(batch, queries, depth)`, or `(batch, depth)` for one step. On request a tuple
        of it, the weights in the shape of the annotations, `(batch, queries, height, width)` or
        `(batch, queries, places)`, without `queries` for one step, and the state.

    Raises:
        ValueError: if `units` is not a positive integer, for an unknown mode, gate or data format,
            or options of the hard mode in the soft one; see `HardAttention` and
            `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.VisualAttention(16, gate="scalar")
    >>> state, feature_map = np.ones((2, 8)), np.ones((2, 5, 7, 12))
    >>> context, weights = layer([state, feature_map], return_attention_scores=True)
    >>> context.shape == (2, 12), weights.shape == (2, 5, 7)
    (True, True)

    Reference:
        Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
        2015, sections 3.1.2 and 4, https://arxiv.org/abs/1502.03044
    """

    def __init__(
        self,
        units,
        mode="soft",
        gate=None,
        estimator="straight_through",
        temperature=None,
        expectation_rate=0.0,
        inference="argmax",
        data_format=None,
        scale_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {MODES}. Received: mode={mode!r}")
        if gate not in GATES:
            raise ValueError(f"`gate` must be one of {GATES}. Received: gate={gate!r}")
        self.units = positive_integer("units", units)
        self.mode = mode
        self.gate = gate
        self.scale_initializer = keras.initializers.get(scale_initializer)
        self.hard = {
            "estimator": estimator,
            "temperature": temperature,
            "expectation_rate": expectation_rate,
            "inference": inference,
        }
        self.attention = BahdanauAttention(
            self.units,
            use_bias=True,
            scale_initializer=self.scale_initializer,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name="alignment",
        )
        if mode == "hard":
            self.attention = HardAttention(
                self.attention, seed=self.seed, dtype=self.dtype_policy, name="choice", **self.hard
            )
        elif tuple(self.hard.values()) != ("straight_through", None, 0.0, "argmax"):
            raise ValueError(
                "`estimator`, `temperature`, `expectation_rate` and `inference` belong to "
                f'`mode="hard"`. Received: mode={mode!r}, {self.hard}'
            )

    # === What the score and the draw are ===

    def build(self, input_shape):
        super().build(input_shape)
        if self.gate:
            query, value, _ = checked_shapes(self._place_shapes(input_shape))
            units = 1 if self.gate == "scalar" else value[-1]
            self.gate_projection = self.projection(units, "gate_projection", use_bias=True)
            self.gate_projection.build(query)

    def build_score(self, query_shape, key_shape):
        self.attention.build([query_shape, key_shape])

    def project_keys(self, key):
        return self.attention.project_keys(self.places(key))

    def align(self, query, keys, allowed, state, noise):
        noise = None if noise is None else noise[bool(self.dropout) :]
        return self.attention.align(query, keys, allowed, state, noise)

    def finish(self, context, weights, query, query_mask):
        if not self.gate:
            return context
        # The dtype policy of the projection may differ from that of the layer.
        return context * ops.cast(ops.sigmoid(self.gate_projection(query)), context.dtype)

    def state_shapes(self, batch_size, values):
        return self.attention.state_shapes(batch_size, values)

    def draw_noise(self, batch_size, queries, values):
        own = super().draw_noise(batch_size, queries, values)
        return own + self.attention.draw_noise(batch_size, queries, values)

    # === Keras ===

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "mode": self.mode,
            "gate": self.gate,
            **self.hard,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }
