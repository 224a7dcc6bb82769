"""Autoencoders as dense layers over NumPy arrays, from the equations of their papers."""

import numpy as np

from tests.oracles import variational
from tests.oracles.recurrent import sigmoid

ACTIVATIONS = {
    None: lambda x: x,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.where(x > 0, x, 0.0),
}
SAMPLES = 3


class Stacks:
    """An encoder of dense layers, and a decoder of the same widths in reverse order.

    Args:
        example_shape: of an example.
        encoder, decoder: activations of their layers.
    """

    def __init__(self, example_shape, encoder, decoder):
        self.example_shape = example_shape
        self.encoder, self.decoder = encoder, decoder

    @property
    def symbols(self):
        return {
            f"{symbol}_{number}": f"{stack}_{number}/{weight}"
            for stack, activations, names in (
                ("encoder", self.encoder, ("W", "b")),
                ("decoder", self.decoder, ("W'", "b'")),
            )
            for number in range(1, len(activations) + 1)
            for symbol, weight in zip(names, ("kernel", "bias"), strict=True)
        }

    def encoded(self, p, x):
        hidden = np.asarray(x, "float64").reshape(len(x), -1)
        for number, activation in enumerate(self.encoder, 1):
            hidden = ACTIVATIONS[activation](hidden @ p[f"W_{number}"] + p[f"b_{number}"])
        return hidden

    def decoded(self, p, code):
        hidden = code
        for number, activation in enumerate(self.decoder, 1):
            hidden = ACTIVATIONS[activation](hidden @ p[f"W'_{number}"] + p[f"b'_{number}"])
        return hidden.reshape(-1, *self.example_shape)


class AutoencoderByHand(Stacks):
    """`h_1 = f(W_1 x + b_1)`, ..., `z = g(W_n h_{n-1} + b_n)`, ..., `x̂ = o(W'_n h'_{n-1} + b'_n)`.

    The loss is the mean squared error, and the mean over the examples of `sparsity ‖z‖₁`. A
    denoising one takes `x̃` instead of `x` in training, and its loss is that of the clean `x`.

    Args:
        **arguments: See `Autoencoder` and `DenoisingAutoencoder`.
    """

    def __init__(
        self,
        example_shape,
        units,
        activation="relu",
        code_activation=None,
        output_activation="sigmoid",
        sparsity=0.0,
        corruption="masking",
        amount=0.0,
    ):
        units = np.atleast_1d(units)
        between = [activation] * (len(units) - 1)
        super().__init__(example_shape, [*between, code_activation], [*between, output_activation])
        self.sparsity, self.corruption, self.amount = sparsity, corruption, amount
        self.code_units = units[-1]

    def forward(self, p, x):
        code = variational.fixed_draws(len(x), (self.code_units,))
        return {
            "outputs": [self.decoded(p, self.encoded(p, x))],
            "encode": [self.encoded(p, x)],
            "decode": [self.decoded(p, code)],
        }

    def corrupted(self, x, draws):
        """`x̃`: zeros for a fraction `amount` of the numbers, or zeros and ones; or with noise."""
        if not self.amount:
            return x
        first, *more = draws["corruption"]
        if self.corruption == "gaussian":
            return x + self.amount * first
        other = more[0] < 0.5 if self.corruption == "salt_and_pepper" else np.zeros(x.shape)
        return np.where(first < self.amount, other, x)

    def training(self, p, draws, targets, x):
        code = self.encoded(p, self.corrupted(x, draws))
        outputs = self.decoded(p, code)
        errors = (outputs - (x if targets is None else targets)) ** 2
        losses = errors.reshape(len(x), -1).mean(axis=1)
        penalty = self.sparsity * np.abs(code).sum(axis=1).mean()
        found = {"outputs": [outputs], "loss": losses.mean() + penalty}
        return found if self.sparsity else {**found, "losses": losses}

    @property
    def calls(self):
        return {
            "decode": lambda model, x: model.decode(
                variational.fixed_draws(len(x), (self.code_units,))
            )
        }


class VariationalAutoencoderByHand(Stacks):
    """`z = μ(x) + σ(x) ε`, and the loss `-log p(x | z) + β D_KL(N(μ(x), σ(x)²) || N(0, 1))`.

    Args:
        **arguments: See `VariationalAutoencoder`.
    """

    def __init__(
        self,
        example_shape,
        latent_units,
        units,
        activation="relu",
        likelihood="bernoulli",
        stddev=1.0,
    ):
        hidden = [activation] * np.size(units)
        super().__init__(example_shape, hidden, [*hidden, None])
        self.latent_shape, self.likelihood = (latent_units,), (likelihood, stddev)

    @property
    def symbols(self):
        return {
            "W_z": "latent/projection/kernel",
            "b_z": "latent/projection/bias",
            "β": "beta",
            **super().symbols,
        }

    def inferred(self, p, x):
        """`μ(x)` and `σ(x)`."""
        numbers = self.encoded(p, x) @ p["W_z"] + p["b_z"]
        mean, log_stddev = np.split(numbers, 2, axis=1)
        return mean, np.exp(log_stddev)

    def divergences(self, mean, stddev):
        pairs = zip(mean, stddev, strict=True)
        return np.array([variational.divergence(*pair) for pair in pairs])

    def log_probabilities(self, x, canvas):
        return np.array(
            [
                variational.log_probability(each.astype("float64"), one, *self.likelihood)
                for each, one in zip(x, canvas, strict=True)
            ]
        )

    def forward(self, p, x):
        mean, stddev = self.inferred(p, x)
        fixed = variational.fixed_draws(len(x), self.latent_shape)
        weights = []
        for noise in variational.sampled_draws(SAMPLES, len(x), self.latent_shape):
            latent = mean + stddev * noise
            ratios = [
                variational.log_ratio(*each) for each in zip(latent, mean, stddev, strict=True)
            ]
            weights.append(self.log_probabilities(x, self.decoded(p, latent)) + ratios)

        def shown(latent):
            return variational.shown(self.decoded(p, latent), self.likelihood[0])

        return {
            "outputs": [self.decoded(p, mean), self.divergences(mean, stddev)[:, None]],
            "encode": [mean],
            "reconstruct": [shown(mean + stddev * fixed)],
            "generate": [shown(fixed)],
            "log_likelihood": [variational.log_mean(weights)],
        }

    def training(self, p, draws, targets, x):
        (noise,) = draws["latent"]
        mean, stddev = self.inferred(p, x)
        canvas = self.decoded(p, mean + stddev * noise)
        divergences = self.divergences(mean, stddev)
        reconstruction = -self.log_probabilities(x if targets is None else targets, canvas)
        return {
            "outputs": [canvas, divergences[:, None]],
            **variational.bound(p["β"], reconstruction, divergences),
        }

    @property
    def calls(self):
        def draws(x):
            return variational.fixed_draws(len(x), self.latent_shape)

        return {
            "reconstruct": lambda model, x: model.reconstruct(x, draws(x)),
            "generate": lambda model, x: model.generate(latent=draws(x)),
            "log_likelihood": lambda model, x: model.log_likelihood(x, SAMPLES, seed=1),
        }
