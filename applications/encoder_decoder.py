import keras
from keras import ops

from keras_attn.applications.maxout import Maxout
from keras_attn.applications.sequence_model import SequenceModel
from keras_attn.applications.vocabulary import checked_units, vocabulary_sizes
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class EncoderDecoder(SequenceModel):
    """Translation through one vector: the RNN Encoder-Decoder of Cho et al., without attention.

    `c = h_T`, the last state of the encoder; `s_0 = tanh(V c)`,
    `s_i = GRU([E y_{i-1}; c], s_{i-1})`, `t_i = maxout(O_h s_i + O_y E y_{i-1} + O_c c)`,
    `logits = G t_i`

    All that the decoder knows of the source has to go through `c`, whatever the length of the
    source: the bottleneck that attention does away with.

    | here | in the paper |
    | --- | --- |
    | `source`, `target` | `x`, and `y` moved by one step |
    | `units` | hidden units, 1000; the width of `c` |
    | `first_state` | `V'` |
    | `maxout` | `[O_h O_y O_c]` |

    Convention: `c` is the last state itself and an input of the GRU beside the word, where the
    paper has `c = tanh(V h_T)` and lets the reset gate act on `C c` as well.

    Args:
        source_vocabulary, target_vocabulary, units, embedding_units, maxout_units, dropout,
            reset_after, dtype: see `RNNSearch`.
        bidirectional: whether a second encoder reads from the end; `c` is then both last states.

    Call arguments:
        inputs: see `RNNSearch`.

    Returns:
        Logits `(batch, target_steps, target_vocabulary)`.

    Raises:
        ValueError: see `RNNSearch`.

    Example:

    >>> model = keras_attn.applications.EncoderDecoder(20, 30, units=8, embedding_units=4)
    >>> inputs = {"source": np.array([[5, 6, 2]]), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs).shape == (1, 4, 30)
    True

    Reference:
        Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical
        Machine Translation", 2014, https://arxiv.org/abs/1406.1078
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        units=1000,
        embedding_units=620,
        maxout_units=500,
        bidirectional=False,
        dropout=0.0,
        reset_after=False,
        dtype=None,
        **kwargs,
    ):
        sizes = vocabulary_sizes(source_vocabulary, target_vocabulary)
        units, embedding_units = checked_units(units, embedding_units, dropout)
        maxout_units = positive_integer("maxout_units", maxout_units)

        # === Layers ===
        layers = keras.layers
        self.source_embedding = layers.Embedding(
            sizes[0], embedding_units, dtype=dtype, name="source_embedding"
        )
        self.target_embedding = layers.Embedding(
            sizes[1], embedding_units, dtype=dtype, name="target_embedding"
        )
        encoder = layers.GRU(units, reset_after=reset_after, dtype=dtype, name="encoder")
        if bidirectional:
            encoder = layers.Bidirectional(encoder, dtype=dtype, name="encoder")
        self.encoder = with_hoisted_variables(encoder)
        self.first_state = layers.Dense(units, "tanh", dtype=dtype, name="first_state")
        self.cell = layers.GRUCell(units, reset_after=reset_after, dtype=dtype, name="cell")
        self.decoder = with_hoisted_variables(
            layers.RNN(self.cell, return_sequences=True, dtype=dtype, name="decoder")
        )
        self.maxout = Maxout(maxout_units, dtype=dtype, name="maxout")
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(sizes[1], dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")

        # === Functional model ===
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        summary, first = self._summarize(source)
        embedded = self.drop(self.target_embedding(target))
        # A product: for a batch of one, `keras.ops.add` would call `bias_add`.
        everywhere = ops.ones_like(embedded[..., :1]) * summary[:, None]
        seen = ops.concatenate([embedded, everywhere], axis=-1)
        states = self.decoder(seen, initial_state=first)
        logits = self._read_out(states, embedded, everywhere)
        super().__init__((source, target), logits, None, **kwargs)

    def _summarize(self, source):
        mask = ops.not_equal(source, self.pad_id)
        summary = self.drop(self.encoder(self.drop(self.source_embedding(source)), mask=mask))
        return summary, self.first_state(summary)

    def _read_out(self, states, embedded, summary):
        hidden = self.maxout(ops.concatenate([states, embedded, summary], axis=-1))
        return self.precise(self.logits(self.drop(hidden)))

    def encode(self, source):
        summary, first = self._summarize(source)
        # On some backends Keras computes activations of float64 in float32.
        return [ops.cast(first, self.cell.compute_dtype)], {"summary": summary}

    def step(self, tokens, state, constants):
        embedded = self.target_embedding(tokens)
        summary = constants["summary"]
        states, state = self.cell(ops.concatenate([embedded, summary], axis=-1), state)
        return self._read_out(states, embedded, summary), list(state)
