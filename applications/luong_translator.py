import keras
from keras import ops

from keras_attn.applications.sequence_model import SequenceModel
from keras_attn.applications.vocabulary import (
    check_attention,
    check_dropout,
    counted_steps,
    vocabulary_sizes,
)
from keras_attn.layers import AttentionDecoder, LocalAttention, LuongAttention
from keras_attn.layers.cell_stack import advance
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.feedback import draw_token
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy

WINDOWS = (None, "monotonic", "predictive")


@keras.saving.register_keras_serializable(package="keras_attn")
class LuongTranslator(SequenceModel):
    """Translation by stacked LSTMs that attend after the cell: Luong et al.

    `h_t = LSTMs([E y_{t-1}; h̃_{t-1}])`, `c_t = attend(h_t, h̄)`, `h̃_t = tanh(W_c [c_t; h_t])`,
    `logits = W_s h̃_t`

    | here | in the paper |
    | --- | --- |
    | `score` | dot, general, concat |
    | `window=None` | global attention |
    | `window="monotonic"`, `"predictive"` | local-m, local-p |
    | `window_radius` | `D` |
    | `input_feeding` | feed: `h̃_{t-1}` goes into the first LSTM |
    | `reverse_source` | reverse |

    Args:
        source_vocabulary, target_vocabulary: see `RNNSearch`.
        units: of each LSTM; the paper has 1000.
        embedding_units: width of the embeddings, by default `units`.
        num_layers: LSTMs of the encoder, and of the decoder.
        score: `"dot"`, `"general"`, `"concat"` or `"scaled_dot"`; or None for the base system of
            the paper, without attention, which knows of the source what its last states hold.
        window: None, `"monotonic"` or `"predictive"`.
        window_radius: positions at each side of the centre of the window.
        attention: any alignment layer, in the place of the score and the window.
        input_feeding: see above; without attention there is none.
        reverse_source: whether the encoder reads the source from its end. Alignments stay in the
            order of the source.
        dropout: fraction dropped in training of what goes into each LSTM (for the decoder the same
            at all steps of a sentence) and into the read-out.
        scheduled_sampling: whether `keras_attn.decoding.ScheduledSampling` can be used in `fit`;
            not without attention.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        inputs: see `RNNSearch`.

    Returns:
        Logits `(batch, target_steps, target_vocabulary)`.

    Raises:
        ValueError: for sizes that are no positive integers, an unknown score or window, an
            `attention` that is no alignment layer or learns by REINFORCE, a vocabulary without an
            end token, or a dropout outside of [0, 1).

    Example:

    >>> model = keras_attn.applications.LuongTranslator(20, 30, units=8, num_layers=2)
    >>> inputs = {"source": np.array([[5, 6, 2]]), "target": np.array([[1, 7, 8, 9]])}
    >>> model(inputs).shape == (1, 4, 30)
    True

    Reference:
        Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine
        Translation", 2015, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        units=1000,
        embedding_units=None,
        num_layers=4,
        score="general",
        window=None,
        window_radius=10,
        attention=None,
        input_feeding=True,
        reverse_source=True,
        dropout=0.2,
        scheduled_sampling=False,
        dtype=None,
        **kwargs,
    ):
        sizes = vocabulary_sizes(source_vocabulary, target_vocabulary)
        units = positive_integer("units", units)
        embedding_units = positive_integer(
            "embedding_units", units if embedding_units is None else embedding_units
        )
        self.embedding_units = embedding_units
        num_layers = positive_integer("num_layers", num_layers)
        check_dropout(dropout)
        check_attention(attention)
        if window not in WINDOWS:
            raise ValueError(f"`window` must be one of {WINDOWS}. Received: window={window!r}")
        if score is None and window is not None:
            raise ValueError(f"`window` needs a score. Received: window={window!r}, score=None")
        if scheduled_sampling and score is None and attention is None:
            raise ValueError(
                "`scheduled_sampling` needs attention. "
                f"Received: scheduled_sampling={scheduled_sampling}, score=None"
            )
        align = attention
        if align is None and score is not None:
            align = LuongAttention(score, dtype=dtype, name="score")
            if window is not None:
                align = LocalAttention(align, window_radius, window, dtype=dtype, name="local")

        # === Layers ===
        layers = keras.layers
        self.source_embedding = layers.Embedding(
            sizes[0], embedding_units, dtype=dtype, name="source_embedding"
        )
        self.target_embedding = layers.Embedding(
            sizes[1], embedding_units, dtype=dtype, name="target_embedding"
        )
        self.encoders = [
            with_hoisted_variables(
                layers.LSTM(
                    units,
                    return_sequences=True,
                    return_state=True,
                    go_backwards=reverse_source,
                    dtype=dtype,
                    name=f"encoder_{number}",
                )
            )
            for number in range(num_layers)
        ]
        self.cells = [
            layers.LSTMCell(units, dropout=dropout, dtype=dtype, name=f"cell_{number}")
            for number in range(num_layers)
        ]
        if align is None:
            # Keras's stack of one cell does not return the structure of states that it takes.
            stack = self.cells[0]
            if num_layers > 1:
                stack = layers.StackedRNNCells(self.cells, dtype=dtype, name="cells")
            self.decoder = with_hoisted_variables(
                layers.RNN(stack, return_sequences=True, dtype=dtype, name="decoder")
            )
        else:
            self.decoder = AttentionDecoder(
                self.cells,
                align,
                attend="after",
                input_feeding=input_feeding,
                sample_fn=self._write if scheduled_sampling else None,
                dtype=dtype,
                name="decoder",
            )
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop")
        self.logits = layers.Dense(sizes[1], use_bias=False, dtype=dtype, name="logits")
        self.precise = layers.Activation("linear", dtype=float32_policy(dtype), name="precise")

        # === Functional model ===
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        memory, mask, states = self._remember(source)
        embedded = self.target_embedding(target)
        if align is None:
            first = _pairs(states) if num_layers > 1 else states
            outputs, weights = self.decoder(embedded, initial_state=first), None
        else:
            outputs, weights = self.decoder(
                [embedded, memory],
                mask=[counted_steps(align, target), mask],
                initial_state=states,
                return_attention_scores=True,
            )
        logits = self._read_out(outputs)
        super().__init__((source, target), logits, weights, **kwargs)

    def _remember(self, source):
        """The states of the last LSTM in the order of the source, its mask, and all last states."""
        mask = ops.not_equal(source, self.pad_id)
        memory, states = self.source_embedding(source), []
        for encoder in self.encoders:
            memory, *state = encoder(self.drop(memory), mask=mask)
            if self.reverse_source:
                memory = ops.flip(memory, axis=1)
            states += state
        return memory, mask, states

    def _read_out(self, outputs, training=None):
        return self.precise(self.logits(self.drop(outputs, training=training)))

    def _write(self, outputs, contexts, embedded, chance):
        """A word of the model's own, embedded, for scheduled sampling."""
        return self.target_embedding(draw_token(self._read_out(outputs, training=False), chance))

    def encode(self, source):
        memory, mask, states = self._remember(source)
        if not isinstance(self.decoder, AttentionDecoder):
            return states, {}
        prepared = self.decoder.prepare(memory, mask)
        return self.decoder.get_initial_state(prepared, states), prepared

    def step(self, tokens, state, constants):
        embedded = self.target_embedding(tokens)
        if not isinstance(self.decoder, AttentionDecoder):
            outputs, state = advance(self.cells, embedded, _pairs(state), training=False)
            return self._read_out(outputs), state
        (outputs, _, weights), state = self.decoder.step(embedded, state, constants)
        return self._read_out(outputs), state, weights


def _pairs(states):
    """The states of each LSTM for itself."""
    return [list(states[first : first + 2]) for first in range(0, len(states), 2)]
