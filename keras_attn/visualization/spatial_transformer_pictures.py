from keras_attn.visualization.find_transformations import find_transformations
from keras_attn.visualization.spatial_transformer import plot_spatial_transformer
from keras_attn.visualization.training_pictures import TrainingPictures


class SpatialTransformerPictures(TrainingPictures):
    """Saves pictures of what a spatial transformer attends to while it is trained.

    Draws the same images before training (`epoch_0000.png`) and after every few epochs
    (`epoch_0001.png`, ...), and at the end turns them into an animation, `training.gif`.

    Args:
        images: the images to draw, `(batch, height, width, channels)`; a handful.
        folder: where the pictures go; it is made.
        frequency: epochs from one picture to the next.
        transformations: a callable `images -> (warped, theta, grid)`; `None` for the model's own
            method of that name, or else the first `SpatialTransformer` among its layers. Of a model
            that has several one after the other, the first is drawn.
        animation: whether to make the animation.
        **options: of `keras_attn.visualization.plot_spatial_transformer`, such as `captions`.

    Raises:
        ValueError: if `frequency` is not positive; when training starts, if the model has no
            spatial transformer that can be found.

    Example:

    >>> model = keras.Sequential([keras.Input((12, 12, 1)), keras_attn.SpatialTransformer()])
    >>> images = np.random.default_rng(0).random((2, 12, 12, 1))
    >>> pictures = keras_attn.visualization.SpatialTransformerPictures(images, "pictures")
    >>> pictures.set_model(model)
    >>> pictures.draw(epoch=0).name
    'epoch_0000.png'
    """

    def __init__(
        self, images, folder, frequency=1, transformations=None, animation=True, **options
    ):
        # A margin of its own for each picture would make the animation jump.
        super().__init__(folder, frequency, animation, {"margin": 0.25, **options})
        self.images = images
        self.transformations = transformations

    def plot(self, **options):
        transformations = self.transformations
        if transformations is None:
            transformations, found = find_transformations(self.model, self.images)
            options = {**found, **options}
        # Of several transformers one after the other the first is drawn: its input is the image.
        look = transformations(self.images)
        warped, theta, grid = (part[0] if isinstance(part, list) else part for part in look)
        plot_spatial_transformer(self.images, warped, grid, theta, **options)
