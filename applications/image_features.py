class ImageFeatures:
    """Mixin for models with an image encoder, the layer `features`, that may be frozen.

    The config of the model holds `train_encoder`.
    """

    @property
    def requires_scaled_images(self):
        """True for built-in encoders, which expect images in [0, 1]."""
        return isinstance(self.encoder, str)

    @property
    def train_encoder(self):
        """True if `features` is trainable."""
        return self.features.trainable

    @train_encoder.setter
    def train_encoder(self, value):
        # Layer by layer: on TensorFlow, assigning the present value of an attribute is skipped.
        for layer in self.features._flatten_layers():
            layer.trainable = value

    def freeze_encoder(self, train_encoder, encoder_weights):
        """Applies `train_encoder` in the constructor.

        By default, pretrained encoders are frozen. An encoder of the user keeps the layers that
        the user froze.
        """
        if train_encoder is None and encoder_weights is not None:
            train_encoder = False
        if train_encoder is not None:
            self.train_encoder = train_encoder
