"""DRAW and its classifier as loops over examples and steps, from the equations of the paper."""

import numpy as np

from tests.oracles import variational
from tests.oracles.draw import read, window, write
from tests.oracles.recurrent import cell, cell_paths, lstm

SAMPLES = 3


class Images:
    """Images of a data format, and readers of them.

    Args:
        image_shape, data_format, read_size, padding_mode: as of the applications.
    """

    def __init__(self, image_shape, data_format, read_size, padding_mode):
        self.channels_first = data_format == "channels_first"
        self.shape = tuple(image_shape)
        if self.channels_first:
            self.shape = (*image_shape[1:], image_shape[0])
        self.read_size, self.padding_mode = read_size, padding_mode

    def taken(self, images):
        """Images `(height, width, channels)` of those in the data format."""
        images = np.asarray(images, "float64")
        return np.moveaxis(images, -3, -1) if self.channels_first else images

    def given(self, images):
        """The opposite of `taken`."""
        return np.moveaxis(images, -1, -3) if self.channels_first else np.asarray(images)

    def read(self, p, hidden, *images):
        """`read(x, x̂, h)`, and its window, `None` without attention."""
        if self.read_size is None:
            return np.concatenate([image.reshape(-1) for image in images]), None
        numbers = hidden @ p["W_read"] + p["b_read"]
        seen = read(numbers, images, self.read_size, self.padding_mode)
        return seen, window(numbers, *self.shape[:2], self.read_size)


def double(p):
    return {symbol: np.asarray(weight, "float64") for symbol, weight in p.items()}


def windows(places):
    """Windows as the models return them: arrays `(examples, steps, ...)` by name.

    Args:
        places: results of `tests.oracles.draw.window`, a list for each example.
    """
    names = ("center", "stride", "variance", "intensity", "box")
    return {
        name: np.array([[place[part] for place in steps] for steps in places])
        for part, name in enumerate(names)
    }


class DRAWByHand(Images):
    """`x̂_t = x - σ(c_{t-1})`, `r_t = read(x, x̂_t, h_dec_{t-1})`,
    `h_enc_t = RNN_enc(h_enc_{t-1}, [r_t, h_dec_{t-1}])`, `z_t ~ Q(Z_t | h_enc_t)`,
    `h_dec_t = RNN_dec(h_dec_{t-1}, z_t)`, `c_t = c_{t-1} + write(h_dec_t)`.

    With the Gaussian likelihood the canvas is the mean itself, `x̂_t = x - c_{t-1}`.

    Args:
        **arguments: as of `DRAW`.
    """

    def __init__(
        self,
        image_shape,
        steps,
        units,
        latent_units,
        read_size,
        write_size,
        data_format,
        likelihood="bernoulli",
        stddev=1.0,
        learn_initial_state=True,
        padding_mode="border",
    ):
        super().__init__(image_shape, data_format, read_size, padding_mode)
        self.units, self.write_size, self.learned = units, write_size, learn_initial_state
        self.likelihood = (likelihood, stddev)
        self.latent_shape = (steps, latent_units)

    @property
    def symbols(self):
        paths = {
            "W_write": "write/projection/kernel",
            "b_write": "write/projection/bias",
            "W_Q": "latent/projection/kernel",
            "b_Q": "latent/projection/bias",
        }
        for side, name in (("enc", "encoder"), ("dec", "decoder")):
            paths |= cell_paths(side, name)
            if self.learned:
                paths[f"h_{side}_0"] = f"first_{name}_state"
        if self.learned:
            paths["c_0"] = "first_canvas"
        if self.read_size is not None:
            paths["W_read"], paths["b_read"] = "read/projection/kernel", "read/projection/bias"
        return {"β": "beta", **{symbol: f"recurrence/{path}" for symbol, path in paths.items()}}

    def write(self, p, hidden):
        numbers = hidden @ p["W_write"] + p["b_write"]
        if self.write_size is None:
            return numbers.reshape(self.shape), None
        stroke = write(numbers, self.shape, self.write_size, self.padding_mode)
        return stroke, window(numbers[-5:], *self.shape[:2], self.write_size)

    def run(self, p, numbers, x=None):
        """The steps of one example, a list of dictionaries.

        Args:
            p: weights by symbol.
            numbers: `(T, latent_units)`: the noise, or `z` if there is no image.
            x: `(height, width, channels)`, or `None`.
        """
        p, found = double(p), []
        c = p.get("c_0", np.zeros(self.shape))
        h_enc, s_enc = p.get("h_enc_0", np.zeros((2, self.units)))
        h_dec, s_dec = p.get("h_dec_0", np.zeros((2, self.units)))
        for z in numbers.astype("float64"):
            step = {}
            if x is not None:
                error = x - variational.shown(c, self.likelihood[0])
                r, step["read"] = self.read(p, h_dec, x, error)
                h_enc, s_enc = lstm(np.concatenate([r, h_dec]), h_enc, s_enc, *cell(p, "enc"))
                mean, log_stddev = np.split(h_enc @ p["W_Q"] + p["b_Q"], 2)
                step["mean"], step["stddev"] = mean, np.exp(log_stddev)
                z = mean + step["stddev"] * z
            h_dec, s_dec = lstm(z, h_dec, s_dec, *cell(p, "dec"))
            stroke, step["write"] = self.write(p, h_dec)
            c = c + stroke
            found.append({**step, "z": z, "canvas": c})
        return found

    def painted(self, runs):
        """Result of `generate` and `reconstruct`."""
        images = [
            [variational.shown(step["canvas"], self.likelihood[0]) for step in run] for run in runs
        ]
        found = {"images": self.given(np.array(images))}
        for name in ("read", "write"):
            if runs[0][0].get(name):
                found[f"{name}_window"] = windows([[step[name] for step in run] for run in runs])
        return found

    def outputs(self, runs):
        canvas = self.given(np.array([run[-1]["canvas"] for run in runs]))
        return [canvas, np.array([self.divergences(run) for run in runs])]

    def divergences(self, run):
        return [variational.divergence(step["mean"], step["stddev"]) for step in run]

    def log_weight(self, run, x):
        """`log p(x | c_T) + Σ_t log p(z_t) - log q(z_t | x)`."""
        ratios = [variational.log_ratio(step["z"], step["mean"], step["stddev"]) for step in run]
        last = run[-1]["canvas"]
        return variational.log_probability(x, last, *self.likelihood) + sum(ratios)

    def forward(self, p, image):
        images, count = self.taken(image), len(image)

        def all_runs(noise):
            return [self.run(p, *pair) for pair in zip(noise, images, strict=True)]

        fixed = variational.fixed_draws(count, self.latent_shape)
        weights = [
            [self.log_weight(*pair) for pair in zip(all_runs(noise), images, strict=True)]
            for noise in variational.sampled_draws(SAMPLES, count, self.latent_shape)
        ]
        return {
            "outputs": self.outputs(all_runs(0.0 * fixed)),
            "reconstruct": self.painted(all_runs(fixed)),
            "generate": self.painted([self.run(p, latent) for latent in fixed]),
            "log_likelihood": [variational.log_mean(weights)],
        }

    def training(self, p, draws, targets, image):
        (noise,) = draws["recurrence/latent"]
        runs = [self.run(p, *pair) for pair in zip(noise, self.taken(image), strict=True)]
        targets = self.taken(image if targets is None else targets)
        reconstruction = [
            -variational.log_probability(target, run[-1]["canvas"], *self.likelihood)
            for target, run in zip(targets, runs, strict=True)
        ]
        divergences = [sum(self.divergences(run)) for run in runs]
        return {
            "outputs": self.outputs(runs),
            **variational.bound(p["β"], reconstruction, divergences),
        }

    @property
    def calls(self):
        def draws(images):
            return variational.fixed_draws(len(images), self.latent_shape)

        return {
            "reconstruct": lambda model, x: model.reconstruct(x, draws(x)),
            "generate": lambda model, x: model.generate(latent=draws(x)),
            "log_likelihood": lambda model, x: model.log_likelihood(x, SAMPLES, seed=1),
        }


class DRAWClassifierByHand(Images):
    """`r_t = read(x, h_{t-1})`, `h_t = LSTM(h_{t-1}, r_t)`, `logits = W h_T + b`.

    Args:
        **arguments: as of `DRAWClassifier`.
    """

    def __init__(
        self, image_shape, num_classes, steps, units, read_size, data_format, padding_mode="border"
    ):
        super().__init__(image_shape, data_format, read_size, padding_mode)
        self.steps, self.units = steps, units

    @property
    def symbols(self):
        paths = {
            **cell_paths("enc", "glimpses/cell"),
            "W": "logits/kernel",
            "b": "logits/bias",
        }
        if self.read_size is not None:
            paths["W_read"] = "glimpses/read/projection/kernel"
            paths["b_read"] = "glimpses/read/projection/bias"
        return paths

    def run(self, p, x):
        p, found, h, s = double(p), [], *np.zeros((2, self.units))
        for _ in range(self.steps):
            r, place = self.read(p, h, x)
            h, s = lstm(r, h, s, *cell(p, "enc"))
            found.append({"read": place, "logits": h @ p["W"] + p["b"]})
        return found

    def forward(self, p, image):
        runs = [self.run(p, x) for x in self.taken(image)]
        found = {"outputs": [np.array([run[-1]["logits"] for run in runs])]}
        if self.read_size is not None:
            found["windows"] = windows([[step["read"] for step in run] for run in runs])
        return found
