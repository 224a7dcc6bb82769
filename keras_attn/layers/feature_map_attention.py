import keras
from keras import ops

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.layers.alignment_inputs import query_value_key, two_masks
from keras_attn.layers.arguments import shapes_of


class FeatureMapAttention(AlignmentAttention):
    """An alignment layer whose memory may be a feature map: its places are the values.

    Args:
        data_format: of feature maps, `"channels_last"` or `"channels_first"`; by default that of
            Keras.
        **kwargs: see `AlignmentAttention`.

    Raises:
        ValueError: for an unknown data format.
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = data_format or keras.config.image_data_format()
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                '`data_format` must be "channels_last" or "channels_first". '
                f"Received: data_format={data_format!r}"
            )

    # === Keras ===

    def build(self, input_shape):
        super().build(self._place_shapes(input_shape))

    def call(
        self,
        inputs,
        mask=None,
        training=None,
        return_attention_scores=False,
        use_causal_mask=False,
        keys_projected=False,
        initial_state=None,
        return_state=False,
        noise=None,
    ):
        flat, mask = self.as_places(inputs, mask)
        context, weights, state = super().call(
            flat,
            mask=mask,
            training=training,
            return_attention_scores=True,
            use_causal_mask=use_causal_mask,
            keys_projected=keys_projected,
            initial_state=initial_state,
            return_state=True,
            noise=noise,
        )
        weights = self.as_map(weights, inputs[1])
        outputs = (context, *[weights] * return_attention_scores, *[state] * return_state)
        return outputs if len(outputs) > 1 else context

    def compute_output_spec(self, inputs, mask=None, **options):
        shapes = self._place_shapes(shapes_of(inputs))
        flat = [keras.KerasTensor(shape, dtype=self.compute_dtype) for shape in shapes]
        outputs = super().compute_output_spec(flat, **options)
        annotations = tuple(inputs[1].shape)
        if len(annotations) == 4 and options.get("return_attention_scores"):
            context, weights, *state = outputs
            shape = (*weights.shape[:-1], *self._size(annotations))
            outputs = (context, keras.KerasTensor(shape, dtype=weights.dtype), *state)
        return outputs

    def compute_output_shape(self, input_shape):
        return super().compute_output_shape(self._place_shapes(input_shape))

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}

    # === Helpers ===

    def places(self, annotations):
        """A feature map as a sequence of places; a sequence as it is.

        Args:
            annotations: `(batch, height, width, depth)`, or with the channels first; or `(batch,
                places, depth)`.

        Returns:
            `(batch, places, depth)`, the places row by row.
        """
        annotations = ops.convert_to_tensor(annotations)
        self._place_shape(tuple(annotations.shape))
        if len(annotations.shape) != 4:
            return annotations
        if self.data_format == "channels_first":
            annotations = ops.transpose(annotations, (0, 2, 3, 1))
        rows, columns, depth = ops.shape(annotations)[1:]
        return ops.reshape(annotations, (-1, rows * columns, depth))

    def as_places(self, inputs, mask):
        """Inputs and masks of a call, those of feature maps as of sequences.

        Args:
            inputs: `[query, annotations]`, or with keys, which may be a map too.
            mask: `[query_mask, annotation_mask]`, the latter `(batch, height, width)` or `(batch,
                places)`; or None.

        Returns:
            Two lists: the inputs, as many as came, and the two masks.
        """
        query, *maps = query_value_key(inputs)[: len(inputs)]
        query_mask, annotation_mask = two_masks(mask)
        if annotation_mask is not None and len(annotation_mask.shape) == 3:
            rows, columns = ops.shape(annotation_mask)[1:]
            annotation_mask = ops.reshape(annotation_mask, (-1, rows * columns))
        return [query, *map(self.places, maps)], [query_mask, annotation_mask]

    def as_map(self, of_places, annotations, axis=-1):
        """A tensor of places with height and width in their stead.

        Args:
            of_places: `(..., places, ...)`.
            annotations: what has the places; a sequence leaves the tensor as it is.
            axis: that of the places.

        Returns:
            `(..., height, width, ...)`.
        """
        if len(annotations.shape) != 4:
            return of_places
        shape = ops.shape(of_places)
        axis %= len(shape)
        size = self._size(ops.shape(annotations))
        return ops.reshape(of_places, (*shape[:axis], *size, *shape[axis + 1 :]))

    def _size(self, shape):
        """Height and width of a feature map of this shape."""
        first = 1 if self.data_format == "channels_last" else 2
        return shape[first : first + 2]

    def _place_shapes(self, shapes):
        """The shapes of query, annotations and keys, those of feature maps as of sequences."""
        query, *maps = map(tuple, query_value_key(shapes)[: len(shapes)])
        return [query, *[self._place_shape(shape) for shape in maps]]

    def _place_shape(self, shape):
        if len(shape) not in (3, 4) or 0 in shape[2 if len(shape) == 3 else 1 :]:
            raise ValueError(
                "`annotations` must be of shape (batch, places, depth), or a feature map of rank "
                f"4, and of positive sizes. Received: annotations of shape {shape}"
            )
        if len(shape) == 3:
            return shape
        batch, *sizes = shape
        depth = sizes.pop(-1 if self.data_format == "channels_last" else 0)
        return (batch, None if None in sizes else sizes[0] * sizes[1], depth)
