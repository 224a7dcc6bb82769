import keras

from keras_attn.layers.spatial_transformer import SpatialTransformer
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
            transformations, found = find_transformations(self.model)
            options = {**found, **options}
        # Of several transformers one after the other the first is drawn: its input is the image.
        look = transformations(self.images)
        warped, theta, grid = (part[0] if isinstance(part, list) else part for part in look)
        plot_spatial_transformer(self.images, warped, grid, theta, **options)


def find_transformations(model):
    """What a model attends to: `images -> (warped, theta, grid)`, and how to draw that.

    Returns:
        The callable, and a dict of options of `plot_spatial_transformer`.

    Raises:
        ValueError: if the model has neither a method `transformations` nor, among its own layers, a
            `SpatialTransformer` whose input is known.
    """
    layer = next((each for each in model.layers if isinstance(each, SpatialTransformer)), None)
    # A model may sample without such a layer, and then says what its images are like.
    options = {"data_format": model.data_format} if hasattr(model, "data_format") else {}
    if layer is not None:
        options = {
            "control_points": layer.control_points,
            "align_corners": layer.align_corners,
            "data_format": layer.data_format,
        }
    if hasattr(model, "transformations"):
        return model.transformations, options
    if layer is None or not getattr(model, "inputs", None):
        raise ValueError(
            "`model` must have a method `transformations`, or be a functional or sequential model "
            "with a `SpatialTransformer` among its layers; else give `transformations=`. "
            f"Received: {model}"
        )
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    before = keras.Model(inputs, layer.input)
    return lambda images: layer(before(images), return_transformation=True), options
