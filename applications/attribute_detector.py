import keras
import numpy as np

from keras_attn.applications.arrays import float_array
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.image_encoders import check_feature_map, image_encoder
from keras_attn.applications.image_features import ImageFeatures
from keras_attn.applications.scaled_images import ScaledImages
from keras_attn.applications.vocabulary import check_dropout
from keras_attn.layers.arguments import check_list
from keras_attn.layers.dropout import fast_dropout
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class AttributeDetector(ImageFeatures, ScaledImages, FunctionalModel):
    """Tells which words an image calls for: what semantic attention attends to.

    Every place of the feature map has a score for every attribute, and the highest over all places
    counts. It trains with a binary cross entropy on which attributes the captions of an image name,
    see `keras_attn.datasets.caption_attributes`.

    Convention: the paper compares several detectors (nearest neighbours, a ranking loss, a fully
    convolutional network); this one is fully convolutional.

    Args:
        image_shape: `(height, width, channels)`, or with the channels first.
        attributes: words, or integers of a vocabulary without words.
        encoder, encoder_weights, train_encoder: see `ShowAttendTell`.
        dropout: fraction of the feature map that is dropped in training.
        data_format: of the images, by default that of Keras.
        dtype: dtype policy of the layers; the probabilities are float32 whatever it is.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        Probabilities `(batch, attributes)`.

    Raises:
        ValueError: If `attributes` is a string, is empty or has duplicates, `dropout` is not in
            [0, 1), `encoder` is unknown or does not return feature maps of a fixed size, or
            `encoder_weights` is given for an encoder without a name.

    Example:

    >>> detector = keras_attn.applications.AttributeDetector(
    ...     (16, 16, 3), ["red", "blue", "star"], data_format="channels_last"
    ... )
    >>> sorted(detector.detect(np.zeros((1, 16, 16, 3)), 3)[0])
    ['blue', 'red', 'star']

    Reference:
        You et al., "Image Captioning with Semantic Attention", 2016, section 3.2,
        https://arxiv.org/abs/1603.03925
    """

    output_name = "probability"

    def __init__(
        self,
        image_shape,
        attributes,
        encoder="small",
        encoder_weights=None,
        train_encoder=None,
        dropout=0.0,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        check_list("attributes", attributes, "a list of words or integers")
        self.attributes = attributes = list(attributes)
        if not all(isinstance(each, str) or hasattr(each, "__index__") for each in attributes):
            raise ValueError(
                "`attributes` must be a list of words or integers. "
                f"Received: attributes={attributes}"
            )
        if not attributes or len(set(attributes)) < len(attributes):
            raise ValueError(
                f"`attributes` must be some, and all different. Received: {attributes}"
            )
        check_dropout(dropout)

        # === Layers ===
        layers = keras.layers
        self.features = image_encoder(encoder, image_shape, encoder_weights, data_format, dtype)
        self.freeze_encoder(train_encoder, encoder_weights)
        self.encoder_weights = None  # a saved model holds the weights
        self.drop = fast_dropout(dropout, dtype=dtype, name="drop_features")
        self.scores = layers.Conv2D(
            len(attributes), 1, data_format=data_format, dtype=dtype, name="scores"
        )
        self.highest = layers.GlobalMaxPooling2D(
            data_format=data_format, dtype=dtype, name="highest"
        )
        self.probability = layers.Activation(
            "sigmoid", dtype=float32_policy(dtype), name="probability"
        )

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        feature_map = self.features(image)
        check_feature_map(feature_map, data_format)
        probability = self.detected(self.drop(feature_map))
        super().__init__(image, probability, **kwargs)

    def detected(self, feature_map):
        """The probabilities of the attributes, without dropout.

        Args:
            feature_map: what `features` makes of images.

        Returns:
            `(batch, attributes)`, float32.
        """
        return self.probability(self.highest(self.scores(feature_map)))

    def detect(self, images, count=10, batch_size=32):
        """The most probable attributes of images.

        Args:
            images: `(images, height, width, channels)`, as the model was trained on them.
            count: of each, at most those that there are.
            batch_size: images at a time.

        Returns:
            For each image a list, the most probable first.

        Raises:
            ValueError: if `count` is not a positive integer.
        """
        count = positive_integer("count", count)
        found = self.predict(float_array("images", images), batch_size=batch_size, verbose=0)
        order = np.argsort(-found, axis=-1, kind="stable")[:, :count]
        return [[self.attributes[number] for number in row] for row in order]
