import keras
from keras import ops

from keras_attn.applications.maxout import Maxout
from keras_attn.applications.sequence_model import SequenceModel
from keras_attn.applications.vocabulary import (
    check_attention,
    checked_units,
    counted_steps,
    vocabulary_sizes,
)
from keras_attn.layers import AttentionDecoder, BahdanauAttention
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.feedback import draw_token
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class RNNSearch(SequenceModel):
    """Translation that learns to align: RNNsearch of Bahdanau et al.

    `h_j = [→h_j; ←h_j]`, `s_0 = tanh(W_s ←h_1)`, `c_i = attend(s_{i-1}, h)`,
    `s_i = GRU([E y_{i-1}; c_i], s_{i-1})`, `t_i = maxout(U_o s_i + V_o E y_{i-1} + C_o c_i)`,
    `logits = W_o t_i`

    | here | in the paper |
    | --- | --- |
    | `source`, `target` | `x`, and `y` moved by one step |
    | `units` | hidden units of each direction and of the decoder, `n` = 1000 |
    | `embedding_units` | `m` = 620 |
    | `maxout_units` | `l` = 500 |
    | `attention` | the alignment model `a`, of `n'` = 1000 units |
    | `encoder` | the bidirectional RNN, annotations `h_j` |
    | `first_state` | `W_s` |
    | `maxout` | `[U_o V_o C_o]` |

    Convention: the gate resets the state before its product, as in the paper
    (`reset_after=False`); the read-out takes the new state `s_i`, as equation 4 has it, where the
    appendix prints `s_{i-1}`.

    Args:
        source_vocabulary, target_vocabulary: a `keras_attn.datasets.TextTokenizer`, or a number of
            tokens; integer 0 is padding, 1 the start, 2 the end.
        units, embedding_units, maxout_units: widths, see above.
        attention: any alignment layer; by default `BahdanauAttention(units)`.
        dropout: fraction of the embeddings, of the annotations and of the read-out that is dropped
            in training.
        scheduled_sampling: whether `keras_attn.decoding.ScheduledSampling` can be used in `fit`.
        reset_after: see `keras.layers.GRU`; True runs faster on GPUs.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        inputs: a dictionary of `source`, integers `(batch, source_steps)`, ending with the end
            token and padded; and `target`, `(batch, target_steps)`, beginning with the start token.
            See `keras_attn.datasets.SequencePairs`.

    Returns:
        Logits `(batch, target_steps, target_vocabulary)`.

    Raises:
        ValueError: for sizes that are no positive integers, a vocabulary without an end token, an
            `attention` that is no alignment layer or learns by REINFORCE, or a dropout outside of
            [0, 1).

    Example:

    >>> model = keras_attn.applications.RNNSearch(20, 30, units=8, embedding_units=4)
    >>> inputs = {"source": np.array([[5, 6, 2]]), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs).shape == (1, 4, 30)
    True
    >>> outputs, alignments = model.generate([[5, 6]], max_length=4, return_alignments=True)
    >>> len(outputs[0]) <= 4, alignments[0].weights.shape[1]
    (True, 3)

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, https://arxiv.org/abs/1409.0473
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        units=1000,
        embedding_units=620,
        maxout_units=500,
        attention=None,
        dropout=0.0,
        scheduled_sampling=False,
        reset_after=False,
        dtype=None,
        **kwargs,
    ):
        sizes = vocabulary_sizes(source_vocabulary, target_vocabulary)
        units, embedding_units = checked_units(units, embedding_units, dropout)
        maxout_units = positive_integer("maxout_units", maxout_units)
        check_attention(attention)
        if attention is None:
            attention = BahdanauAttention(units, dtype=dtype, name="alignment")

        # === Layers ===
        layers = keras.layers
        self.source_embedding = layers.Embedding(
            sizes[0], embedding_units, dtype=dtype, name="source_embedding"
        )
        self.target_embedding = layers.Embedding(
            sizes[1], embedding_units, dtype=dtype, name="target_embedding"
        )
        gru = layers.GRU(
            units,
            return_sequences=True,
            return_state=True,
            reset_after=reset_after,
            dtype=dtype,
            name="gru",
        )
        self.encoder = with_hoisted_variables(
            layers.Bidirectional(gru, dtype=dtype, name="encoder")
        )
        self.first_state = layers.Dense(units, "tanh", dtype=dtype, name="first_state")
        self.decoder = AttentionDecoder(
            layers.GRUCell(units, reset_after=reset_after, dtype=dtype, name="cell"),
            attention,
            sample_fn=self._write if scheduled_sampling else None,
            dtype=dtype,
            name="decoder",
        )
        self.maxout = Maxout(maxout_units, dtype=dtype, name="maxout")
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(sizes[1], dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")

        # === Functional model ===
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        annotations, mask, first = self._annotate(source)
        embedded = self.drop(self.target_embedding(target))
        states, contexts, weights, seen = self.decoder(
            [embedded, annotations],
            mask=[counted_steps(attention, target), mask],
            initial_state=first,
            return_contexts=True,
            return_attention_scores=True,
            return_inputs=True,
        )
        logits = self._read_out(states, seen, contexts)
        super().__init__((source, target), logits, weights, **kwargs)

    def _annotate(self, source):
        mask = ops.not_equal(source, self.pad_id)
        embedded = self.drop(self.source_embedding(source))
        annotations, _, backward = self.encoder(embedded, mask=mask)
        return self.drop(annotations), mask, self.first_state(backward)

    def _read_out(self, states, embedded, contexts, training=None):
        hidden = self.maxout(ops.concatenate([states, embedded, contexts], axis=-1))
        return self.precise(self.logits(self.drop(hidden, training=training)))

    def _write(self, states, contexts, embedded, chance):
        """A word of the model's own, embedded, for scheduled sampling."""
        logits = self._read_out(states, embedded, contexts, training=False)
        return self.target_embedding(draw_token(logits, chance))

    def encode(self, source):
        annotations, mask, first = self._annotate(source)
        prepared = self.decoder.prepare(annotations, mask)
        return self.decoder.get_initial_state(prepared, first), prepared

    def step(self, tokens, state, constants):
        embedded = self.target_embedding(tokens)
        (states, contexts, weights), state = self.decoder.step(embedded, state, constants)
        return self._read_out(states, embedded, contexts), state, weights
