"""Tensors that lie in memory as they do where the library calls a kernel."""


class Strided:
    """Random numbers of a shape, cut out of or turned from an array as the library does it.

    Args:
        shape: of the array that is made.
        view: takes that array and gives the argument.
        scale: of the numbers, which are normal.
    """

    def __init__(self, shape, view=lambda whole: whole, scale=1.0):
        self.shape, self.view, self.scale = shape, view, scale

    def __call__(self, generator):
        return (self.scale * generator.normal(size=self.shape)).astype("float32")


def channels_last(images):
    import keras

    return keras.ops.moveaxis(images, 1, -1)
