"""Looks through DRAW's windows on PyTorch, in fewer calls than the plain path."""

import torch

from keras_attn.ops.kernels.torch_function import apply, first_order, is_traced
from keras_attn.ops.kernels.torch_placed_window import gradient, place, placed_window, window_of


def look(images, numbers, patch_size):
    """Equals `plain_look`, with a gradient of the first order only."""
    if images[0].shape[3] == 1 and not is_traced():
        patches, placed = apply(_Look, numbers, patch_size, *images)
        return patches, window_of(placed)
    dtype = images[0].dtype
    window, *filters = placed_window(numbers, images[0].shape[1:3], patch_size)
    rows, columns = (each.to(dtype) for each in filters)
    patches = torch.cat([_read(image, rows, columns.transpose(1, 2)) for image in images], dim=1)
    return patches * window.intensity.to(dtype)[:, None], window


def _read(image, rows, columns):
    """`(batch, rows * columns * channels)`."""
    channels = image.shape[3]
    if channels == 1:
        return torch.bmm(torch.bmm(rows, image[..., 0]), columns).flatten(1)
    seen = torch.bmm(rows, image.flatten(2)).unflatten(2, (-1, channels))
    # Channels before the columns, which are multiplied, and behind them again.
    found = torch.bmm(seen.transpose(2, 3).flatten(1, 2), columns)
    return found.unflatten(1, (-1, channels)).transpose(2, 3).flatten(1)


class _Look(torch.autograd.Function):
    """The patches of images of one channel, and the numbers of the window."""

    @staticmethod
    def forward(ctx, numbers, patch_size, *images):
        ctx.set_materialize_grads(False)
        dtype, (_, *size, _) = images[0].dtype, images[0].shape
        placed, filters, saved = place(numbers, *size, patch_size)
        columns, rows = (each.to(dtype) for each in in_both_directions(filters))
        seen = [torch.bmm(rows, image[..., 0]) for image in images]
        patches = [torch.bmm(each, columns.transpose(1, 2)).flatten(1) for each in seen]
        patches = torch.cat(patches, dim=1)
        ctx.save_for_backward(numbers, *images, *seen, rows, columns, patches, *saved)
        return patches * placed[:, 4:].to(dtype), placed

    @staticmethod
    @first_order
    def backward(ctx, of_patches, of_window):
        count = len(ctx.needs_input_grad) - 2
        numbers, *saved = ctx.saved_tensors
        images, seen, (rows, columns, patches, *saved) = (
            saved[:count], saved[count : 2 * count], saved[2 * count :],
        )  # fmt: skip
        if of_patches is None:
            of_numbers = gradient(numbers.dtype, saved, of_window, no_filters(columns, rows))
            return of_numbers, None, *[None] * count
        placed, size = saved[2], rows.shape[1]
        scaled = of_patches * placed[:, 4:].to(of_patches.dtype)
        of_images, of_rows, of_columns = [], None, None
        for index, each in enumerate(scaled.chunk(count, dim=1)):
            each = each.unflatten(1, (size, size))
            across = torch.bmm(each, columns)
            of_rows = _added(of_rows, across, images[index][..., 0].transpose(1, 2))
            of_columns = _added(of_columns, each.transpose(1, 2), seen[index])
            needed = ctx.needs_input_grad[2 + index]
            image = torch.bmm(rows.transpose(1, 2), across)[..., None] if needed else None
            of_images.append(image)
        of_filters = like_filters(of_columns, of_rows)
        of_intensity = (of_patches * patches).sum(dim=1)
        of_numbers = gradient(numbers.dtype, saved, of_window, of_filters, of_intensity)
        return of_numbers, None, *of_images


def _added(total, left, right):
    """`total + left @ right`, and without a total the product."""
    return torch.bmm(left, right) if total is None else torch.baddbmm(total, left, right)


def in_both_directions(filters):
    """Filters along x and y, of what `place` gave."""
    return filters if len(filters) == 2 else filters[0].unbind(dim=1)


def like_filters(columns, rows):
    """Gradients of filters along x and y, as `place` gave those."""
    if columns.shape != rows.shape:
        return [columns, rows]
    return [torch.stack([columns, rows], dim=1)]


def no_filters(columns, rows):
    """`None` gradients for unused filters."""
    return [None] * (1 + (columns.shape != rows.shape))
