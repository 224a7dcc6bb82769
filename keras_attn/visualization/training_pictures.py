"""Base class of callbacks that draw during training."""

from pathlib import Path

import keras

from keras_attn.ops.checks import positive_integer
from keras_attn.visualization.animation import animate


class TrainingPictures(keras.callbacks.Callback):
    """Saves a picture before training and after every few epochs, and animates them at the end.

    A subclass gives `plot`.

    Args:
        folder: where the pictures go, `epoch_0000.png`, ...; it is made.
        frequency: epochs from one picture to the next.
        animation: whether to make the animation, `training.gif`.
        options: a dict of options of what draws; a `title` there is that of every picture.
        width: of the animation at most, in pixels.

    Raises:
        ValueError: if `frequency` is not positive.
    """

    def __init__(self, folder, frequency, animation, options, width=900):
        super().__init__()
        self.folder = Path(folder)
        self.frequency = positive_integer("frequency", frequency)
        self.animation = animation
        self.options = options
        self.width = width
        self._files = []

    def plot(self, **options):
        """Draws the model as it is; the options hold `title` and `path`."""
        raise NotImplementedError

    def on_train_begin(self, logs=None):
        self._files = []
        self.draw(epoch=0)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.frequency == 0:
            self.draw(epoch + 1)

    def on_train_end(self, logs=None):
        if self.animation and len(self._files) > 1:
            animate(self._files, self.folder / "training.gif", width=self.width)

    def draw(self, epoch):
        """Saves one picture of the model as it is, and returns the file."""
        file = self.folder / f"epoch_{epoch:04d}.png"
        title = "before training" if epoch == 0 else f"epoch {epoch}"
        self.plot(**{"title": title, **self.options}, path=file)
        self._files.append(file)
        return file
