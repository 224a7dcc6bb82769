class ImageFeatures:
    """A functional model whose `features`, a layer, see the image, and may be left as they are.

    That is saved with the model, like an argument of its constructor.
    """

    @property
    def takes_pixels(self):
        """True if the encoder is one of this package, which takes images in [0, 1]."""
        return isinstance(self.encoder, str)

    @property
    def train_encoder(self):
        """True if `features` is trainable."""
        return self.features.trainable

    @train_encoder.setter
    def train_encoder(self, value):
        self.features.trainable = value
