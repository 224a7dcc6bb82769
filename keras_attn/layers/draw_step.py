from keras import ops

from keras_attn.layers.cell_step import lstm_steps
from keras_attn.layers.dense_step import dense_step


class DRAWStep:
    """A step of DRAW, for a loop: what is the same at every step is made here, before it.

    Args:
        recurrence: a `DRAWRecurrence`, built, whose `first_state` tells what the state is.
        image: `(batch, height, width, channels)`; None to paint alone.
    """

    def __init__(self, recurrence, image=None):
        self.reader, self.writer = recurrence.reader, recurrence.writer
        self.latent, self.likelihood = recurrence.latent, recurrence.likelihood
        self.image, dtype = image, recurrence.compute_dtype
        # Who reads the whole image reads the same of it at every step.
        self.knows = self.reader.projection is None and image is not None
        known = self.reader.look([image], None)[0] if self.knows else None
        self.encode = lstm_steps(recurrence.encoder, known, dtype)
        self.decode = lstm_steps(recurrence.decoder, dtype=dtype)
        self.to_latent = dense_step(self.latent.projection, dtype=dtype)
        # The decoder's state tells the next stroke and the next look: one product serves both.
        layers = (self.writer.projection, self.reader.projection)
        self.to_windows = dense_step(*filter(None, layers), dtype=dtype)

    def infer(self, state):
        """From the image to `(μ_t, log σ_t)`.

        Args:
            state: of the step before.

        Returns:
            These two, the next state of the encoder, and the window that was read through.
        """
        canvas, *encoder = state[:3]
        hidden, told = state[3], state[5] if len(state) > 5 else None
        painted = ops.sigmoid(canvas) if self.likelihood == "bernoulli" else canvas
        error = self.image - painted
        seen, window = self.reader.look([error] if self.knows else [self.image, error], told)
        encoder = self.encode(ops.concatenate([seen, hidden], axis=-1), encoder)
        (numbers,) = self.to_latent(encoder[0])
        return *self.latent.split(numbers), encoder, window

    def paint(self, latent, encoder, state):
        """From `z_t` to the next state, and the window that was written through.

        Args:
            latent: `z_t`, `(batch, latent_units)`.
            encoder: the next state of the encoder.
            state: of the step before.
        """
        decoder = self.decode(latent, state[3:5])
        numbers, *told = self.to_windows(decoder[0])
        stroke, window = self.writer.paint(numbers)
        return [state[0] + stroke, *encoder, *decoder, *told], window
