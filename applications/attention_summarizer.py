import keras
from keras import ops

from keras_attn.applications.sequence_model import SequenceModel
from keras_attn.applications.vocabulary import (
    check_attention,
    check_dropout,
    vocabulary_sizes,
)
from keras_attn.layers import LuongAttention
from keras_attn.layers.dropout import fast_dropout
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy

ENCODERS = ("attention", "bag_of_words")


@keras.saving.register_keras_serializable(package="keras_attn")
class AttentionSummarizer(SequenceModel):
    """Headlines from sentences, without recurrence: attention-based summarization of Rush et al.

    `p(y_{i+1} | x, y_c) ∝ exp(V h + W enc(x, y_c))`, `h = tanh(U ỹ_c)`, `ỹ_c = E y_c` of the last
    `C` words; `enc = pᵀ x̄`, `p ∝ exp(x̃ P ỹ'_c)`, `x̃ = F x`, `ỹ'_c = G y_c`, and `x̄_i` is the mean
    of `x̃_{i-Q} ... x̃_{i+Q}`

    | here | in the paper |
    | --- | --- |
    | `context_size` | `C` = 5 words before |
    | `smoothing` | `Q` = 2 words at each side |
    | `embedding_units`, `units` | `D` = 200, `H` = 400 |
    | `context_embedding`, `hidden` | `E`, `U` |
    | `source_embedding`, `query_embedding` | `F`, `G` |
    | `alignment` | `P` |
    | `logits` | `[V W]` |

    A step depends on the last `C` words alone, so that all steps are trained at once. With
    `encoder="bag_of_words"` the encoder is the mean of `x̃`, whatever was written.

    Convention: `x̄` is a mean over the words that are there, fewer at the ends of the source, where
    the paper divides the sum by `Q`; the scale is one with that of `W`. Before the first word stand
    `C` start tokens.

    Args:
        source_vocabulary, target_vocabulary, dtype: see `RNNSearch`.
        embedding_units, units, context_size, smoothing: see above.
        encoder: `"attention"` or `"bag_of_words"`.
        attention: any alignment layer that remembers nothing from step to step; by default
            `LuongAttention("general")`.
        dropout: fraction of the embedded source and of the hidden layer that is dropped in
            training.

    Call arguments:
        inputs: see `RNNSearch`.

    Returns:
        Logits `(batch, target_steps, target_vocabulary)`.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown encoder, an `attention`
            that is no alignment layer or remembers, a vocabulary without an end token, or a dropout
            outside of [0, 1).

    Example:

    >>> model = keras_attn.applications.AttentionSummarizer(20, 30, embedding_units=4, units=8)
    >>> inputs = {"source": np.array([[5, 6, 2]]), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs).shape == (1, 4, 30)
    True

    Reference:
        Rush, Chopra and Weston, "A Neural Attention Model for Abstractive Sentence Summarization",
        2015, https://arxiv.org/abs/1509.00685
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        embedding_units=200,
        units=400,
        context_size=5,
        smoothing=2,
        encoder="attention",
        attention=None,
        dropout=0.0,
        dtype=None,
        **kwargs,
    ):
        sizes = vocabulary_sizes(source_vocabulary, target_vocabulary)
        embedding_units = positive_integer("embedding_units", embedding_units)
        units = positive_integer("units", units)
        context_size = positive_integer("context_size", context_size)
        check_dropout(dropout)
        if not isinstance(smoothing, int) or smoothing < 0:
            raise ValueError(
                f"`smoothing` must be an integer >= 0. Received: smoothing={smoothing!r}"
            )
        if encoder not in ENCODERS:
            raise ValueError(f"`encoder` must be one of {ENCODERS}. Received: encoder={encoder!r}")
        check_attention(attention)
        if attention is not None and attention.state_shapes(1, 1):
            raise ValueError(
                "`attention` must remember nothing: a step depends on the last words alone. "
                f"Received: attention={attention}"
            )
        align = attention or LuongAttention("general", dtype=dtype, name="alignment")

        # === Layers ===
        layers = keras.layers
        self.source_embedding = layers.Embedding(
            sizes[0], embedding_units, dtype=dtype, name="source_embedding"
        )
        self.context_embedding = layers.Embedding(
            sizes[1], embedding_units, dtype=dtype, name="context_embedding"
        )
        if encoder == "attention":
            self.query_embedding = layers.Embedding(
                sizes[1], embedding_units, dtype=dtype, name="query_embedding"
            )
            self.alignment = align
        self.hidden = layers.Dense(units, "tanh", dtype=dtype, name="hidden")
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(sizes[1], dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")

        # === Functional model ===
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        memory = self._remember(source)
        before = ops.concatenate([target[:, :1]] * (context_size - 1) + [target], axis=1)
        words = [
            before[:, place : place + 1 - context_size or None] for place in range(context_size)
        ]
        logits, *weights = self._read_out(ops.stack(words, axis=-1), memory)
        weights = weights[0] if weights else None
        super().__init__((source, target), logits, weights, **kwargs)

    def _remember(self, source):
        """The words of the source, embedded and smoothed, and which of them there are."""
        mask = ops.not_equal(source, self.pad_id)
        words = self.drop(self.source_embedding(source))
        there = ops.cast(mask, words.dtype)[..., None]
        words = words * there
        if self.encoder == "bag_of_words":
            total = ops.sum(words, axis=1, keepdims=True)
            return {"mean": total / ops.maximum(ops.sum(there, axis=1, keepdims=True), 1)}
        count = ops.maximum(_window_sum(there, self.smoothing), 1)
        return {"words": words, "mean": _window_sum(words, self.smoothing) / count, "mask": mask}

    def _read_out(self, context, memory):
        """Logits after the words `(batch, steps, context_size)`, and the weights of attention."""
        hidden = self.drop(self.hidden(self._flat(self.context_embedding(context))))
        if self.encoder == "bag_of_words":
            # A product: for a batch of one, `keras.ops.add` would call `bias_add`.
            seen, weights = ops.ones_like(hidden[..., :1]) * memory["mean"], []
        else:
            seen, *weights = self.alignment(
                [self._flat(self.query_embedding(context)), memory["mean"], memory["words"]],
                mask=[None, memory["mask"]],
                return_attention_scores=True,
            )
        logits = self.logits(ops.concatenate([hidden, seen], axis=-1))
        return (self.precise(logits), *weights)

    def _flat(self, embedded):
        """Concatenates the embeddings of the words of a context."""
        words = [embedded[..., word, :] for word in range(self.context_size)]
        return ops.concatenate(words, axis=-1)

    def encode(self, source):
        started = ops.zeros((ops.shape(source)[0], self.context_size), source.dtype)
        return started + self.start_id, self._remember(source)

    def step(self, tokens, state, constants):
        state = ops.concatenate([state[:, 1:], ops.cast(tokens, state.dtype)[:, None]], axis=1)
        logits, *weights = self._read_out(state[:, None], constants)
        return (logits[:, 0], state, *[each[:, 0] for each in weights])


def _window_sum(sequence, reach):
    """`(batch, steps, width)`: at each step the sum over those up to `reach` away."""
    padded = ops.pad(sequence, ((0, 0), (reach, reach), (0, 0)))
    return sum(padded[:, place : place - 2 * reach or None] for place in range(2 * reach + 1))
