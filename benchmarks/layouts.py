"""Tensors with the memory layouts in which the library calls its kernels."""


class Strided:
    """Random tensor with a memory layout.

    Args:
        shape: Tuple of integers, shape of the underlying array.
        view: Callable from the array to the argument of the kernel, a view of the array.
        scale: Float, standard deviation of the normal random numbers.
    """

    def __init__(self, shape, view=lambda whole: whole, scale=1.0):
        self.shape, self.view, self.scale = shape, view, scale

    def __call__(self, generator):
        return (self.scale * generator.normal(size=self.shape)).astype("float32")


def channels_last(images):
    import keras

    return keras.ops.moveaxis(images, 1, -1)
