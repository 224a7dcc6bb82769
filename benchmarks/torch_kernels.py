"""Kernels that exist on PyTorch only, for `kernels.py`."""

from layouts import Strided, channels_last


def torch_kernels():
    """Returns the PyTorch-only kernels in the form of `kernels.kernels`."""
    import torch

    from keras_attn import NTMCell
    from keras_attn.layers.cell_step import plain_lstm_step
    from keras_attn.ops.external_memory import plain_write_memory
    from keras_attn.ops.glimpse import plain_look, plain_paint
    from keras_attn.ops.kernels import load
    from keras_attn.ops.kernels.torch_product import product
    from keras_attn.ops.kernels.torch_variables_read_once import late
    from keras_attn.ops.memory_addressing import plain_address_memory

    def columns(first, last):
        return lambda whole: whole[:, first:last]

    def without_gradient(function):
        # The product kernel is used inside gradients and has no gradient itself.
        return lambda left, right: function(left.detach(), right.detach())

    def loop(weight_of, step):
        def steps(rows, kernel, recurrent_kernel, bias):
            kernel, recurrent_kernel = weight_of(kernel), weight_of(recurrent_kernel)
            state = [rows[:, :256], rows[:, :256]]
            for _ in range(8):
                state = step(rows, state, kernel, recurrent_kernel, bias)
            return list(state)

        return steps

    def gated_loop(weight_of):
        """A GRU without `reset_after`, whose gates are products by slices of its kernel."""

        def steps(rows, kernel):
            kernel, state = weight_of(kernel), rows
            for _ in range(8):
                gates = torch.sigmoid(state @ kernel[:, :512])
                z, r = gates.chunk(2, dim=1)
                state = z * state + (1.0 - z) * torch.tanh((r * state) @ kernel[:, 512:])
            return state

        return steps

    def look(function):
        return lambda image, error, numbers: function([image, error], numbers, 5)[0]

    def paint(function):
        return lambda numbers: function(numbers, (28, 28, 1), 5)[0]

    def identity(weight):
        return weight

    image, numbers = Strided((64, 28, 28, 1)), Strided((64, 5), scale=0.1)
    rows, square_kernel = Strided((64, 256)), Strided((256, 1024), scale=0.05)
    head_params = {
        "whole": [
            Strided((64, 2, 20)), Strided((64, 2)), Strided((64, 2)), Strided((64, 2, 3)),
            Strided((64, 2)), Strided((64, 128, 20)), Strided((64, 2, 128)),
        ],
        "slices": [
            Strided((64, 50), lambda whole: whole[:, :40].reshape(64, 2, 20)),
            *(Strided((64, 50), columns(40 + 2 * i, 42 + 2 * i)) for i in range(2)),
            Strided((64, 50), lambda whole: whole[:, 44:50].reshape(64, 2, 3)),
            Strided((64, 50), columns(44, 46)),
            Strided((64, 128, 20)),
            Strided((64, 3, 128), lambda whole: whole[:, :2]),
        ],
    }  # fmt: skip

    def addressed(function):
        return lambda key, strength, gate, shift, sharpening, memory, previous: function(
            key, strength.abs(), gate.sigmoid(), shift.softmax(-1), 1.0 + sharpening.abs(),
            memory, previous.softmax(-1),
        )  # fmt: skip

    cell = NTMCell(100, 128, 20)

    def use(numbers, memory, weights):
        return load("use_memory")(numbers, memory, weights.softmax(-1), cell.parts, 1)

    def plain_use(numbers, memory, weights):
        params = cell.from_numbers(numbers)
        erase, add = params.pop("erase"), params.pop("add")
        weights = plain_address_memory(**params, memory=memory, previous=weights.softmax(-1))
        memory_after = plain_write_memory(memory, weights[:, 1:], erase, add)
        return weights[:, :1] @ memory, memory_after, weights

    width = sum(count * size for count, size in cell.parts.values())
    lstm = load("lstm_step")
    weight = Strided((512, 1536), scale=0.05)
    return {
        "product": (
            without_gradient(product),
            without_gradient(torch.matmul),
            {
                "whole kernel": [Strided((64, 512)), weight],
                "transposed kernel": [Strided((64, 1536)), Strided(weight.shape, lambda w: w.T)],
                "first gates": [Strided((64, 512)), Strided(weight.shape, columns(0, 1024))],
                "last gate": [Strided((64, 512)), Strided(weight.shape, columns(1024, 1536))],
                "transposed gates": [
                    Strided((64, 1024)), Strided(weight.shape, lambda w: w[:, :1024].T),
                ],
                "lower rows": [Strided((64, 256)), Strided(weight.shape, lambda w: w[256:])],
                "rows of all steps": [
                    Strided((1024, 512), lambda rows: rows.T), Strided((1024, 1536)),
                ],
                "left slice": [Strided((64, 1024), columns(0, 512)), weight],
            },
        ),
        "lstm_step": (
            loop(late, lstm),
            loop(identity, plain_lstm_step),
            {
                "whole": [rows, square_kernel, square_kernel, Strided((1024,))],
                "known inputs": [
                    rows, Strided((512, 1024), lambda w: w[256:], 0.05), square_kernel,
                    Strided((64, 1024)),
                ],
            },
        ),
        "variables_read_once": (
            gated_loop(late),
            gated_loop(identity),
            {"gates of a GRU": [rows, Strided((256, 768), scale=0.05)]},
        ),
        "address_memory": (
            addressed(load("address_memory")), addressed(plain_address_memory), head_params,
        ),
        "use_memory": (
            use,
            plain_use,
            {"whole": [Strided((64, width)), Strided((64, 128, 20)), Strided((64, 2, 128))]},
        ),
        "look": (
            look(load("look")),
            look(plain_look),
            {
                "whole": [image, image, numbers],
                "slices": [
                    Strided((64, 1, 28, 28), channels_last), image,
                    Strided((64, 35), columns(30, 35), 0.1),
                ],
            },
        ),
        "paint": (
            paint(load("paint")),
            paint(plain_paint),
            {
                "whole": [Strided((64, 30), scale=0.1)],
                "a slice": [Strided((64, 35), columns(0, 30), 0.1)],
            },
        ),
    }  # fmt: skip
