from keras_attn.ops.checks import positive_integer
from keras_attn.visualization.caption import plot_caption
from keras_attn.visualization.training_pictures import TrainingPictures


class CaptionPictures(TrainingPictures):
    """Saves pictures of what a captioner says, and where it looks, while it is trained.

    Draws the same images before training (`epoch_0000.png`) and after every few epochs
    (`epoch_0001.png`, ...), a film strip each, and at the end turns them into an animation,
    `training.gif`. An untrained model may not find an end: `max_length` keeps its strips short.

    Args:
        images: the images to describe, `(batch, height, width, channels)`; a handful.
        folder: where the pictures go; it is made.
        frequency: epochs from one picture to the next.
        max_length: tokens of the longest caption.
        alignments: a callable `images -> alignments`, such as `lambda images: model.align(images,
            captions)` for captions that are given; `None` for those that the model's own `generate`
            writes.
        animation: whether to make the animation.
        **options: of `keras_attn.visualization.plot_caption`, such as `smooth`.

    Raises:
        ValueError: if `frequency` or `max_length` is not positive; when training starts, for a
            model that cannot say where it looks.

    Example:

    >>> model = keras_attn.applications.ShowAttendTell(
    ...     (16, 16, 3), 30, units=8, embedding_units=4, data_format="channels_last"
    ... )
    >>> images = np.random.default_rng(0).random((2, 16, 16, 3))
    >>> pictures = keras_attn.visualization.CaptionPictures(images, "pictures", max_length=5)
    >>> pictures.set_model(model)
    >>> pictures.draw(epoch=0).name
    'epoch_0000.png'

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, figure 3, https://arxiv.org/abs/1502.03044
    """

    def __init__(
        self,
        images,
        folder,
        frequency=1,
        max_length=20,
        alignments=None,
        animation=True,
        **options,
    ):
        # One row for each image, so that nothing jumps in the animation; its panels are many.
        options = {"columns": "all", **options}
        super().__init__(folder, frequency, animation, options, width=1600)
        self.images = images
        self.max_length = positive_integer("max_length", max_length)
        self.alignments = alignments

    def plot(self, **options):
        alignments = self._generated if self.alignments is None else self.alignments
        if hasattr(self.model, "data_format"):
            options = {"data_format": self.model.data_format, **options}
        plot_caption(alignments(self.images), **options)

    def _generated(self, images):
        if not hasattr(self.model, "generate"):
            raise ValueError(
                "`model` must have a method `generate` that returns alignments, as "
                "`ShowAttendTell` has; else give `alignments=`. "
                f"Received: a {type(self.model).__name__}"
            )
        _, alignments = self.model.generate(
            images, self.max_length, batch_size=len(images), return_alignments=True
        )
        return alignments
