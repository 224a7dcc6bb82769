import keras
from keras import ops

from keras_attn.applications.image_captioner import ImageCaptioner, loss_trackers
from keras_attn.applications.image_encoders import check_feature_map, image_encoder
from keras_attn.applications.vocabulary import checked_units, vocabulary_size
from keras_attn.layers import AttentionDecoder, VisualAttention
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.reward_baseline import RewardBaseline
from keras_attn.losses.token_shapes import spread
from keras_attn.ops import doubly_stochastic_loss, precision
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class ShowAttendTell(ImageCaptioner):
    """Captions that look at a part of the image for every word: Show, Attend and Tell.

    `h_0 = tanh(f_h(ā))`, `c_0 = tanh(f_c(ā))`, `ẑ_t = attend(h_{t-1}, a)`,
    `h_t, c_t = LSTM([E y_{t-1}; ẑ_t], h_{t-1}, c_{t-1})`,
    `logits = L_o (E y_{t-1} + L_h h_t + L_z ẑ_t)`

    | here | in the paper |
    | --- | --- |
    | `image`, `target` | the image, and the caption `y` moved by one step |
    | feature map of `encoder` | annotations `a_i`, 14 × 14 of 512 numbers |
    | `first_hidden`, `first_cell` | `f_init,h`, `f_init,c` |
    | `units`, `embedding_units` | `n`, `m` |
    | `state_read_out`, `context_read_out`, `logits` | `L_h`, `L_z`, `L_o` |
    | `mode`, `gate` | soft or hard attention, `β`, see `VisualAttention` |
    | `doubly_stochastic_weight` | `λ` of the doubly stochastic penalty, of the soft mode |
    | `estimator="reinforce"` | how the hard mode learns where to look |
    | `reward_weight`, `entropy_weight` | `λ_r`, `λ_e` of the hard mode |

    It trains with plain `compile` and `fit` on the words alone. What the paper adds to their loss
    is added by the model: in the soft mode the penalty, in the hard one REINFORCE with a moving
    average as the baseline, the entropy, and, with `expectation_rate`, the expectation in place of
    a draw. The metrics `crossentropy` and `attention_loss` are the two terms of the loss; the
    attention loss is large at first and would hide the progress of the cross-entropy. The reward is
    the log-likelihood of the caption; a draw is rewarded for the words from
    its step on, as it cannot change those before, or, as in the paper, for the whole caption.

    Convention: the loss of Keras is a mean over words, that of the paper a sum over the words of a
    caption; what is added is divided by the mean length of the captions of the batch, so that the
    weights are those of the paper. The read-out is linear, as equation 7 has it; the published code
    has a tanh before `L_o`.

    Args:
        image_shape: `(height, width, channels)`, or with the channels first.
        target_vocabulary: a `keras_attn.datasets.TextTokenizer`, or a number of tokens; integer 0
            is padding, 1 the start, 2 the end.
        encoder: `"small"`, five convolutions, to be trained from scratch, of which the last is told
            where it is; `"vgg16"` (its layer block5_conv3) or `"vgg19"` for images in [0, 1] of a
            multiple of 16 pixels; or any Keras model from images to feature maps.
        encoder_weights: of a network by name: None for random numbers, `"imagenet"`, or a file.
        train_encoder: Boolean, whether to train the encoder. By default, an encoder with
            `encoder_weights` is frozen, and a model of the user keeps its frozen layers.
        units: of the LSTM, and of the hidden layer of the score.
        embedding_units: of the words.
        mode: `"soft"` or `"hard"`.
        gate: None, `"scalar"` or `"vector"`.
        doubly_stochastic_weight: 1 in the paper.
        estimator: of the hard mode, `"reinforce"`, the paper's, or `"straight_through"`, which is
            biased, but learns from each draw what all other places would have shown; see
            `HardAttention`.
        reward_weight: of `"reinforce"`, 1 by default.
        entropy_weight: 0.002 in the paper.
        reward_to_go: whether a draw is rewarded for the words from its step on alone.
        expectation_rate: how often, in [0, 1], a step of the hard mode trains on the expectation;
            0.5 in the paper.
        inference: `"argmax"` or `"expectation"`, of the hard mode outside of training.
        dropout: fraction of the embeddings and of the read-out that is dropped in training.
        data_format: of images and feature maps, by default that of Keras.
        seed: of the hard mode's draws.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        inputs: a dictionary of `image`, `(batch, height, width, channels)`, and `target`, integers
            `(batch, steps)`, beginning with the start token and padded.

    Returns:
        A dictionary of `logits`, `(batch, steps, vocabulary)`, `attention_weights`, `(batch, steps,
        places)`, and in the hard mode `log_probability`, `(batch, steps)`, of the draws up to each
        word, and `entropy`, `(batch, 1)`. Losses and metrics of `compile` see the logits alone.

    Raises:
        ValueError: for sizes that are no positive integers, a vocabulary without an end token, an
            unknown encoder, or one that gives no feature map of a fixed size; and see
            `VisualAttention`.

    Example:

    >>> model = keras_attn.applications.ShowAttendTell(
    ...     (16, 16, 3), 30, units=8, embedding_units=4, data_format="channels_last"
    ... )
    >>> inputs = {"image": np.zeros((1, 16, 16, 3)), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs)["logits"].shape == (1, 4, 30)
    True
    >>> captions, (alignment,) = model.generate(
    ...     np.zeros((1, 16, 16, 3)), max_length=3, return_alignments=True
    ... )
    >>> alignment.weights.shape[1:]
    (4, 4)

    Reference:
        Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
        2015, https://arxiv.org/abs/1502.03044
    """

    def __init__(
        self,
        image_shape,
        target_vocabulary,
        encoder="small",
        encoder_weights=None,
        train_encoder=None,
        units=512,
        embedding_units=512,
        mode="soft",
        gate="scalar",
        doubly_stochastic_weight=1.0,
        estimator="reinforce",
        reward_weight=1.0,
        entropy_weight=0.002,
        reward_to_go=True,
        expectation_rate=0.5,
        inference="argmax",
        dropout=0.5,
        data_format=None,
        seed=None,
        dtype=None,
        **kwargs,
    ):
        vocabulary = vocabulary_size("target_vocabulary", target_vocabulary)
        units, embedding_units = checked_units(units, embedding_units, dropout)
        hard = {}
        if mode == "hard":
            hard = {
                "estimator": estimator,
                "expectation_rate": expectation_rate,
                "inference": inference,
                "seed": seed,
            }
        attention = VisualAttention(
            units, mode, gate, data_format=data_format, dtype=dtype, name="attention", **hard
        )

        # === Layers ===
        layers = keras.layers
        self.features = image_encoder(encoder, image_shape, encoder_weights, data_format, dtype)
        self.freeze_encoder(train_encoder, encoder_weights)
        self.encoder_weights = None  # a saved model holds the weights
        self.first_hidden = layers.Dense(units, "tanh", dtype=dtype, name="first_hidden")
        self.first_cell = layers.Dense(units, "tanh", dtype=dtype, name="first_cell")
        self.target_embedding = layers.Embedding(
            vocabulary, embedding_units, dtype=dtype, name="target_embedding"
        )
        self.decoder = AttentionDecoder(
            layers.LSTMCell(units, dtype=dtype, name="cell"), attention, dtype=dtype, name="decoder"
        )
        self.state_read_out = layers.Dense(embedding_units, dtype=dtype, name="state_read_out")
        self.context_read_out = layers.Dense(
            embedding_units, use_bias=False, dtype=dtype, name="context_read_out"
        )
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(vocabulary, dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")
        self.reinforce = RewardBaseline(
            entropy_weight=entropy_weight,
            to_go=reward_to_go,
            name="reinforce",
            dtype=float32_policy(dtype),
        )

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        target = keras.Input((None,), dtype="int32", name="target")
        feature_map = self.features(image)
        grid = check_feature_map(feature_map, data_format)
        annotations, first = self._annotate(feature_map)
        embedded = self.drop(self.target_embedding(target))
        states, contexts, weights, drawn = self.decoder(
            [embedded, annotations],
            mask=[ops.not_equal(target, self.pad_id), None],
            initial_state=first,
            return_contexts=True,
            return_attention_scores=True,
            return_attention_states=True,
        )
        outputs = {
            "logits": self._read_out(states, embedded, contexts),
            "attention_weights": weights,
        }
        if mode == "hard":
            log_probability, entropy = (each[..., 0] for each in drawn)
            outputs["log_probability"] = self.reinforce(log_probability)
            outputs["entropy"] = entropy[:, -1:]
        super().__init__((image, target), outputs, weights, grid, **kwargs)
        self.loss_trackers = loss_trackers()

    def _annotate(self, feature_map):
        """The places of a feature map, and the first state of the LSTM."""
        annotations = self.decoder.attention.places(feature_map)
        mean = precision.mean(annotations, axis=1)
        return annotations, [self.first_hidden(mean), self.first_cell(mean)]

    def _read_out(self, states, embedded, contexts):
        read = self.state_read_out(states) + self.context_read_out(contexts) + embedded
        return self.precise(self.logits(self.drop(read)))

    def encode(self, source):
        annotations, first = self._annotate(self.features(source))
        prepared = self.decoder.prepare(annotations)
        return self.decoder.get_initial_state(prepared, first), prepared

    def step(self, tokens, state, constants):
        embedded = self.target_embedding(tokens)
        (states, contexts, weights), state = self.decoder.step(embedded, state, constants)
        return self._read_out(states, embedded, contexts), state, weights

    # === Keras ===

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits = y_pred["logits"]
        loss = super().compute_loss(x, y, logits, sample_weight, training)
        if self.mode == "soft":
            further = self.doubly_stochastic_weight * doubly_stochastic_loss(
                y_pred["attention_weights"]
            )
        elif self.estimator == "straight_through":
            further = -self.entropy_weight * y_pred["entropy"][:, 0]
        else:
            y = ops.convert_to_tensor(y)
            reward = -self.reward_weight * keras.losses.sparse_categorical_crossentropy(
                y, logits, from_logits=True, ignore_class=self.pad_id
            )
            draws = y_pred["log_probability"], y_pred["entropy"]
            written = ops.not_equal(y, self.pad_id)
            counted = None if sample_weight is None else spread(sample_weight, y, logits.dtype)
            further = self.reinforce.loss(*draws, reward, written, training, counted)
        attention_loss = self._per_word(further, y, sample_weight)
        return self._sum_of_losses(loss, attention_loss, ops.shape(logits)[0])

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred["logits"], sample_weight)
