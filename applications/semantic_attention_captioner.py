import keras
import numpy as np
from keras import ops

from keras_attn.applications.attribute_detector import AttributeDetector
from keras_attn.applications.image_captioner import ImageCaptioner, loss_trackers
from keras_attn.applications.tied_logits import TiedLogits
from keras_attn.applications.vocabulary import checked_units, vocabulary_size
from keras_attn.datasets.text_tokenizer import UNKNOWN, TextTokenizer
from keras_attn.layers import SemanticAttention
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops import semantic_sparsity_loss
from keras_attn.ops.checks import positive_integer


@keras.saving.register_keras_serializable(package="keras_attn")
class SemanticAttentionCaptioner(ImageCaptioner):
    """Captions from words that were detected in the image, by semantic attention.

    `x_0 = W_v v`, `x_t = W_x (E y_{t-1} + w_x ⊙ Σ_i α_ti E y^i)`, `h_t, c_t = LSTM(x_t, h_{t-1})`,
    `logits_t = Eᵀ W_y (h_t + w_y ⊙ Σ_i β_ti tanh(E y^i))`

    | here | in the paper |
    | --- | --- |
    | `image`, `target` | the image, and the caption `Y` moved by one step |
    | mean over the feature map of `detector` | `v` |
    | the `num_attributes` most probable of `detector` | `y^i` |
    | `target_embedding` | `E`, also of the output |
    | `image_projection` | `W^{x,v}` |
    | `input_projection`, `output_projection` | `W^{x,Y}`, `W^{Y,h}` |
    | `input_attention`, `output_attention` | `φ`, `ϕ` with their weights `α`, `β` |
    | `sparsity_weight` | 1, of `g(α) + g(β)` |

    It trains with plain `compile` and `fit` on the words; the model adds the regularizer of the
    weights. The detector is trained before, and stays as it is here.

    Convention: states and embeddings are of the same width, as they are added. The loss of Keras is
    a mean over words, that of the paper a sum over the words of a caption; what is added is divided
    by the mean length of the captions of the batch. What attributes mean for a state, `σ(E y^i)`,
    has a tanh here.

    Args:
        detector: an `AttributeDetector`; its attributes are words of the vocabulary.
        target_vocabulary: a `keras_attn.datasets.TextTokenizer`, or a number of tokens; integer 0
            is padding, 1 the start, 2 the end.
        units: of the LSTM and of the words.
        num_attributes: of each image, 10 in the paper.
        sparsity_weight: see above.
        dropout: fraction of the embeddings and of the read-out that is dropped in training.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        inputs: a dictionary of `image`, `(batch, height, width, channels)`, and `target`, integers
            `(batch, steps)`, beginning with the start token and padded.

    Returns:
        A dictionary of `logits`, `(batch, steps, vocabulary)`, and of the attention weights of
        input and output, `input_weights` and `attention_weights`, `(batch, steps,
        num_attributes)`. Losses and metrics of `compile` see the logits alone. The alignments of
        `generate` have the attributes as their source and the weights of the output.

    Raises:
        ValueError: for sizes that are no positive integers, a detector that is none or has too few
            attributes, attributes that the vocabulary does not know as one word, or a vocabulary
            without an end token.

    Example:

    >>> detector = keras_attn.applications.AttributeDetector(
    ...     (16, 16, 3), [7, 8, 9], data_format="channels_last"
    ... )
    >>> model = keras_attn.applications.SemanticAttentionCaptioner(
    ...     detector, 30, units=8, num_attributes=2
    ... )
    >>> inputs = {"image": np.zeros((1, 16, 16, 3)), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs)["logits"].shape == (1, 4, 30)
    True

    Reference:
        You et al., "Image Captioning with Semantic Attention", 2016,
        https://arxiv.org/abs/1603.03925
    """

    def __init__(
        self,
        detector,
        target_vocabulary,
        units=512,
        num_attributes=10,
        sparsity_weight=1.0,
        dropout=0.5,
        dtype=None,
        **kwargs,
    ):
        vocabulary = vocabulary_size("target_vocabulary", target_vocabulary)
        units, _ = checked_units(units, units, dropout)
        if not isinstance(detector, AttributeDetector):
            raise ValueError(f"`detector` must be an AttributeDetector. Received: {detector!r}")
        num_attributes = positive_integer("num_attributes", num_attributes)
        if num_attributes > len(detector.attributes):
            raise ValueError(
                f"`num_attributes` must be those of the detector at most, "
                f"{len(detector.attributes)}. Received: num_attributes={num_attributes}"
            )
        words = attribute_ids(detector.attributes, target_vocabulary, vocabulary)

        # === Layers ===
        layers = keras.layers
        # Which attributes are the most probable has no gradient: moving features would lose them.
        detector.trainable = False
        self.features = detector.features
        self.mean = layers.GlobalAveragePooling2D(
            data_format=detector.data_format, dtype=dtype, name="mean"
        )
        self.image_projection = layers.Dense(units, dtype=dtype, name="image_projection")
        self.target_embedding = layers.Embedding(
            vocabulary, units, dtype=dtype, name="target_embedding"
        )
        self.input_attention = SemanticAttention(dtype=dtype, name="input_attention")
        self.input_projection = layers.Dense(units, dtype=dtype, name="input_projection")
        self.cell = layers.LSTMCell(units, dtype=dtype, name="cell")
        self.decoder = with_hoisted_variables(
            layers.RNN(self.cell, return_sequences=True, dtype=dtype, name="decoder")
        )
        self.output_attention = SemanticAttention(dtype=dtype, name="output_attention")
        self.output_projection = layers.Dense(units, dtype=dtype, name="output_projection")
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")

        # === Functional model ===
        image = keras.Input(detector.image_shape, name="image")
        target = keras.Input((None,), dtype="int32", name="target")
        written = ops.not_equal(target, self.pad_id)
        seen, found = self._detect(image, detector, words, num_attributes)
        embedded, attributes = self.drop(self.target_embedding(target)), self._embed(found)
        self.logits = TiedLogits(self.target_embedding, dtype=dtype, name="logits")
        inputs, input_weights = self._attend_in(embedded, attributes, [written, None])
        states = self.decoder(ops.concatenate([seen[:, None], inputs], axis=1))
        # The first step has seen the image and no word.
        logits, weights = self._attend_out(states[:, 1:], attributes, [written, None])
        outputs = {"logits": logits, "input_weights": input_weights, "attention_weights": weights}
        super().__init__((image, target), outputs, weights, (num_attributes,), **kwargs)
        self.loss_trackers = loss_trackers()
        self.image_shape = detector.image_shape
        self._words = words
        # A bound method, not a model: Keras would track and save the layers twice.
        self._attributes_of = keras.Model(image, found).call

    def _detect(self, image, detector, words, count):
        """The first input of the LSTM, and the attributes as tokens `(batch, count)`."""
        feature_map = detector.features(image)
        probability = detector.detected(feature_map)
        _, order = ops.top_k(probability, count)
        # Take rows of a matrix: PyTorch cannot export other forms of `take` to ONNX.
        found = ops.take(words[:, None], order, axis=0)[..., 0]
        return self.image_projection(self.mean(feature_map)), found

    def _embed(self, found):
        """The attributes for the input and for the output."""
        attributes = self.target_embedding(found)
        return {"input": attributes, "output": ops.tanh(attributes)}

    def _attend_in(self, embedded, attributes, mask=None):
        context, weights = self.input_attention(
            [embedded, attributes["input"]], mask=mask, return_attention_scores=True
        )
        return self.input_projection(embedded + context), weights

    def _attend_out(self, states, attributes, mask=None):
        context, weights = self.output_attention(
            [states, attributes["output"]], mask=mask, return_attention_scores=True
        )
        return self.logits(self.output_projection(self.drop(states + context))), weights

    def encode(self, source):
        words, count = self._words, self.num_attributes
        seen, found = self._detect(source, self.detector, words, count)
        state = self.cell.get_initial_state(batch_size=ops.shape(seen)[0])
        return list(self.cell(seen, state)[1]), self._embed(found)

    def step(self, tokens, state, constants):
        inputs, _ = self._attend_in(self.target_embedding(tokens), constants)
        states, state = self.cell(inputs, state)
        logits, weights = self._attend_out(states, constants)
        return logits, list(state), weights

    def _sources(self, images):
        found = self._compiled.get("attributes", self._attributes_of)(images)
        names = dict(zip(self._words.tolist(), self.detector.attributes, strict=True))
        return [[names[word] for word in row] for row in ops.convert_to_numpy(found).tolist()]

    # === Keras ===

    @property
    def requires_scaled_images(self):
        return self.detector.requires_scaled_images

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred["logits"], sample_weight, training)
        sparsity = sum(
            semantic_sparsity_loss(y_pred[name]) for name in ("input_weights", "attention_weights")
        )
        sparsity = self._per_word(self.sparsity_weight * sparsity, y, sample_weight)
        return self._sum_of_losses(loss, sparsity, ops.shape(y_pred["logits"])[0])

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred["logits"], sample_weight)


def attribute_ids(attributes, vocabulary, size):
    """The tokens of attributes, an array of integers.

    Args:
        attributes: words for a `TextTokenizer`, integers otherwise.
        vocabulary: a `TextTokenizer`, or a number of tokens.
        size: the number of tokens.

    Raises:
        ValueError: for attributes that the vocabulary does not know as one token.
    """
    ids = attributes
    if isinstance(vocabulary, TextTokenizer):
        encoded = vocabulary.encode(list(map(str, attributes)))
        ids = [each[0] if len(each) == 1 else UNKNOWN for each in encoded]
    for attribute, word in zip(attributes, ids, strict=True):
        if not isinstance(word, (int, np.integer)) or not UNKNOWN < word < size:
            raise ValueError(
                "`detector` must have attributes that are words of `target_vocabulary`. "
                f"Received: the attribute {attribute!r}"
            )
    return np.array(ids, "int32")
