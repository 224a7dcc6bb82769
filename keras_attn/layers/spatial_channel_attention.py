import keras
from keras import ops

from keras_attn.layers.alignment_attention import fresh
from keras_attn.layers.bahdanau_attention import BahdanauAttention
from keras_attn.layers.feature_map_attention import FeatureMapAttention
from keras_attn.ops import precision
from keras_attn.ops.attention_weights import attention_weights
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import as_float32

ORDERS = ("channel_spatial", "spatial_channel", "spatial", "channel")


@keras.saving.register_keras_serializable(package="keras_attn")
class SpatialChannelAttention(FeatureMapAttention):
    """Looks at places and at channels of a feature map: the attention of SCA-CNN.

    `α = softmax_i(w_sᵀ tanh(W_s v_i + b_s + W_hs h))`,
    `β = softmax_c(w_cᵀ tanh(W_c v̄_c + b_c + W_hc h))`, `v̄ = Σ_i v_i / m`, `x_i = α_i β ⊙ v_i`

    | `order` | |
    | --- | --- |
    | `"channel_spatial"` | `β` of the map `V`, then `α` of `β ⊙ V` |
    | `"spatial_channel"` | `α` of the map `V`, then `β` of `α ⊙ V` |
    | `"spatial"`, `"channel"` | one of them alone |

    | here | in the paper |
    | --- | --- |
    | `query` | the state `h_{t-1}` of the decoder |
    | annotations | the feature map `V^l`, places `v_i` of `C` channels |
    | `units` | `k` |
    | `scale`, kernels of `key_projection`, `query_projection` in `spatial` | `W_i`, `W_s`, `W_hs` |
    | those in `channel` | `W'_i`, `W_c`, `W_hc` |
    | spatial, channel weights | `α`, `β` |
    | modulated map | `X^l` |

    Every channel is scored by one number, its mean over the places. The context is the sum of the
    modulated map over the places; for `"channel"`, where no weights sum to one, it is the mean.

    Convention: `α` and `β` are a softmax over `m` places and one over `C` channels, so that the
    modulated map is about `1 / (m C)` of the map. The published code multiplies by `m` and by `C`
    wherever it modulates, what the second softmax sees included (`rescale=True`): uniform weights
    then change nothing, and the context is the mean of the modulated map. In half precision, and
    in front of convolutions that are trained already, that is what keeps the numbers in range.

    Convention: the paper's biases on the logits of both softmaxes cancel there and are left out.

    The keys `W_s v_i` are projected once for any number of queries in the orders that begin with
    the places. In `"channel_spatial"` they depend on the query, and are made anew for each one.

    Args:
        units: width of the hidden layers of both scores.
        order: see above; the paper found `"channel_spatial"` to be the better one.
        rescale: whether weights are multiplied by their number where they modulate.
        data_format: of feature maps, `"channels_last"` or `"channels_first"`; by default that of
            Keras.
        scale_initializer: of `w_s` and `w_c`.
        **kwargs: see `AlignmentAttention`. Dropped places are missing in the context alone.

    Call arguments:
        inputs: a list `[query, annotations]`: query `(batch, queries, query_width)`, or `(batch,
            query_width)` for one step; annotations `(batch, height, width, depth)`, or `(batch,
            depth, height, width)` with channels first, or `(batch, places, depth)`.
        mask: a list `[query_mask, annotation_mask]`, the latter `(batch, height, width)` or
            `(batch, places)`; each may be None. Means are over the places that are not masked.
        others: see `AlignmentAttention`. `project_keys` takes annotations of either rank.

    Returns:
        The context, `(batch, queries, depth)`, or `(batch, depth)` for one step. On request a tuple
        of it and the spatial weights in the shape of the annotations, `(batch, queries, height,
        width)` or `(batch, queries, places)`, without `queries` for one step; those of `"channel"`
        are uniform. `modulate` gives the channel weights and the modulated map.

    Raises:
        ValueError: if `units` is not a positive integer, or for an unknown order or data format;
            and see `AlignmentAttention`.

    Example:

    >>> layer = keras_attn.SpatialChannelAttention(16, data_format="channels_last")
    >>> state, feature_map = np.ones((2, 8)), np.ones((2, 5, 7, 12))
    >>> context, weights = layer([state, feature_map], return_attention_scores=True)
    >>> context.shape == (2, 12), weights.shape == (2, 5, 7)
    (True, True)
    >>> layer.modulate([state, feature_map]).shape == (2, 5, 7, 12)
    True

    Reference:
        Chen et al., "SCA-CNN: Spatial and Channel-wise Attention in Convolutional Networks for
        Image Captioning", 2017, sections 3.2 and 3.3, https://arxiv.org/abs/1611.05594
    """

    def __init__(
        self,
        units,
        order="channel_spatial",
        rescale=False,
        data_format=None,
        scale_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        if order not in ORDERS:
            raise ValueError(f"`order` must be one of {ORDERS}. Received: order={order!r}")
        self.units = positive_integer("units", units)
        self.order = order
        self.rescale = rescale
        self.scale_initializer = keras.initializers.get(scale_initializer)
        self.spatial = self._alignment("spatial") if "spatial" in order else None
        self.channel = self._alignment("channel") if "channel" in order else None

    # === The two branches ===

    def build_score(self, query_shape, key_shape):
        if self.spatial:
            self.spatial.build([query_shape, key_shape])
        if self.channel:
            # A channel is a value of one number.
            self.channel.build([query_shape, (key_shape[0], key_shape[-1], 1)])

    def project_keys(self, key):
        places = self.places(key)
        return self.spatial.project_keys(places) if self._begins("spatial") else places

    def weigh(self, query, keys, value, allowed):
        """The spatial weights, uniform for `"channel"`, and the channel weights or None, float32.

        Args:
            query, keys, value, allowed: see `AlignmentAttention.attend`.

        Returns:
            `(batch, queries, places)` and `(batch, queries, depth)`.
        """
        seen, count = _seen(value, allowed, self.exact_dtype)
        spatial = channel = None
        if self._begins("spatial"):
            scores = ops.cast(self.spatial.score(query, keys), self.exact_dtype)
            spatial = attention_weights(scores, allowed)
        if self.channel:
            share = seen / count
            if spatial is not None:
                share = spatial if self.rescale else share * spatial
            means = precision.matmul(ops.cast(share, value.dtype), value)
            something = None if allowed is None else ops.any(allowed, axis=-1, keepdims=True)
            shared = spatial is None and share.shape[1] == 1
            channel = _weights(self.channel, query, means[..., None], something, shared)
        if self.order == "channel_spatial":
            scaled = ops.cast(self._scaled(channel), value.dtype)
            spatial = _weights(self.spatial, query, value[:, None] * scaled[:, :, None], allowed)
        elif self.order == "channel":
            shape = (*ops.shape(query)[:2], ops.shape(value)[1])
            spatial = ops.broadcast_to(seen / count, shape)
        return spatial, channel

    def attend(self, query, keys, value, allowed, state, noise):
        spatial, channel = self.weigh(query, keys, value, allowed)
        weights = ops.cast(spatial, self.compute_dtype)
        context = precision.matmul(self.dropped(weights, noise), value)
        if channel is not None:
            context = context * ops.cast(self._scaled(channel), context.dtype)
        return context, weights, state

    def modulate(self, inputs, mask=None, keys_projected=False, return_attention_scores=False):
        """The modulated map, what the paper gives to the next convolution.

        Args:
            inputs, mask, keys_projected: see the call.
            return_attention_scores: whether to return the weights too.

        Returns:
            The map in the shape of the annotations, with an axis of queries after the batch where
            the query has one; 0 where it is masked. On request a tuple of it, the spatial weights
            as the call gives them, and the channel weights `(batch, queries, depth)`, or `(batch,
            depth)` for one step, which are None for `"spatial"`.

        Raises:
            ValueError: see `AlignmentAttention`.
        """
        if not self.built:
            self.build([tuple(tensor.shape) for tensor in inputs])
        flat, mask = self.as_places(inputs, mask)
        query, value, keys, allowed = self.prepared(flat, mask, keys_projected=keys_projected)
        spatial, channel = self.weigh(query, keys, value, allowed)
        of_places = spatial
        if self.rescale or not self.spatial:
            of_places = of_places * _seen(value, allowed, self.exact_dtype)[1]
        # The product of two small weights is not rounded to half precision.
        modulated = ops.cast(value, self.exact_dtype)[:, None] * of_places[..., None]
        if channel is not None:
            modulated = modulated * self._scaled(channel)[:, :, None]
        modulated = self.as_map(modulated, inputs[1], axis=-2)
        if self.data_format == "channels_first" and len(inputs[1].shape) == 4:
            modulated = ops.moveaxis(modulated, -1, -3)
        found = (modulated, self.as_map(spatial, inputs[1]), channel)
        one_step = len(inputs[0].shape) == 2
        found = tuple(
            each if each is None else ops.cast(each[:, 0] if one_step else each, self.compute_dtype)
            for each in found
        )
        return found if return_attention_scores else found[0]

    # === Keras ===

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "order": self.order,
            "rescale": self.rescale,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }

    # === Helpers ===

    def _begins(self, branch):
        return self.order.startswith(branch)

    def _scaled(self, channel):
        """The channel weights as they modulate."""
        return channel * channel.shape[-1] if self.rescale else channel

    def _alignment(self, name):
        return BahdanauAttention(
            self.units,
            use_bias=True,
            scale_initializer=fresh(self.scale_initializer),
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name=name,
        )


def _seen(value, allowed, dtype):
    """Returns the mask of places as 1 and 0, and the number of unmasked places, at least 1."""
    if allowed is None:
        seen = ops.ones((1, 1, ops.shape(value)[1]), dtype)
    else:
        seen = ops.cast(allowed, dtype)
    return seen, precision.maximum(ops.sum(seen, axis=-1, keepdims=True), 1.0)


def _weights(attention, query, values, allowed, shared=False):
    """Returns the weights of the values of each query.

    Args:
        attention: Built `BahdanauAttention`.
        query: Tensor `(batch, queries, query_width)`.
        values: Tensor `(batch, queries, values, width)`, or `(batch, 1, values, width)` if shared.
        allowed: Boolean mask `(batch, queries, values)` or `None`.
        shared: Boolean, if all queries have the same values.
    """
    batch, queries, count, width = ops.shape(values)
    # Of rank 2: XLA cannot differentiate TensorFlow's product of rank 3 inside of a loop.
    keys = attention.project_keys(ops.reshape(values, (batch * queries * count, width)))
    keys = ops.reshape(keys, (batch * queries, count, attention.units))
    if shared:
        scores = attention.score(query, keys)
    else:
        alone = ops.reshape(query, (batch * queries, 1, query.shape[-1]))
        scores = ops.reshape(attention.score(alone, keys), (batch, queries, count))
    return attention_weights(as_float32(scores), allowed)
