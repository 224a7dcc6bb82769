import keras
from keras import ops

from keras_attn.applications.image_captioner import ImageCaptioner
from keras_attn.applications.image_encoders import check_feature_map, image_encoder
from keras_attn.applications.vocabulary import checked_units, vocabulary_size
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class ShowAndTell(ImageCaptioner):
    """Captions from one look at the image: Show and Tell, without attention.

    `x_{-1} = W_i CNN(I)`, `x_t = W_e S_t`, `m_t, c_t = LSTM(x_t, m_{t-1}, c_{t-1})`,
    `logits_{t+1} = W_d m_t`

    All that the LSTM knows of the image goes in before the first word: what attention is compared
    with.

    | here | in the paper |
    | --- | --- |
    | `image`, `target` | `I`, and the caption `S` moved by one step |
    | mean over the feature map of `encoder`, `image_embedding` | `CNN(I)` |
    | `target_embedding` | `W_e` |
    | `units`, `embedding_units` | 512 each |

    Args:
        image_shape, target_vocabulary, encoder, encoder_weights, train_encoder, units,
            embedding_units, dropout, data_format, dtype: see `ShowAttendTell`.

    Call arguments:
        inputs: see `ShowAttendTell`.

    Returns:
        Logits `(batch, steps, vocabulary)`.

    Raises:
        ValueError: see `ShowAttendTell`.

    Example:

    >>> model = keras_attn.applications.ShowAndTell(
    ...     (16, 16, 3), 30, units=8, embedding_units=4, data_format="channels_last"
    ... )
    >>> inputs = {"image": np.zeros((1, 16, 16, 3)), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs).shape == (1, 4, 30)
    True

    Reference:
        Vinyals et al., "Show and Tell: A Neural Image Caption Generator", 2015,
        https://arxiv.org/abs/1411.4555
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
        dropout=0.5,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        vocabulary = vocabulary_size("target_vocabulary", target_vocabulary)
        units, embedding_units = checked_units(units, embedding_units, dropout)

        # === Layers ===
        layers = keras.layers
        self.features = image_encoder(encoder, image_shape, encoder_weights, data_format, dtype)
        self.freeze_encoder(train_encoder, encoder_weights)
        self.encoder_weights = None  # a saved model holds the weights
        self.mean = layers.GlobalAveragePooling2D(data_format=data_format, dtype=dtype, name="mean")
        self.image_embedding = layers.Dense(embedding_units, dtype=dtype, name="image_embedding")
        self.target_embedding = layers.Embedding(
            vocabulary, embedding_units, dtype=dtype, name="target_embedding"
        )
        self.cell = layers.LSTMCell(units, dtype=dtype, name="cell")
        self.decoder = with_hoisted_variables(
            layers.RNN(self.cell, return_sequences=True, dtype=dtype, name="decoder")
        )
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(vocabulary, dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        target = keras.Input((None,), dtype="int32", name="target")
        feature_map = self.features(image)
        check_feature_map(feature_map, data_format)
        seen = self.image_embedding(self.mean(feature_map))
        embedded = self.drop(self.target_embedding(target))
        states = self.decoder(ops.concatenate([seen[:, None], embedded], axis=1))
        # The first step has seen the image and no word.
        logits = self._read_out(states[:, 1:])
        super().__init__((image, target), logits, None, **kwargs)

    def _read_out(self, states):
        return self.precise(self.logits(self.drop(states)))

    def encode(self, source):
        seen = self.image_embedding(self.mean(self.features(source)))
        state = self.cell.get_initial_state(batch_size=ops.shape(seen)[0])
        return list(self.cell(seen, state)[1]), {}

    def step(self, tokens, state, constants):
        states, state = self.cell(self.target_embedding(tokens), state)
        return self._read_out(states), list(state)
