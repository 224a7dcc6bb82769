"""Random numbers: distributions, seeds and dtypes."""

import keras
import numpy as np
import pytest

from keras_attn.ops.random_numbers import normal, uniform
from tests.backend import compiled, to_numpy


def test_distributions():
    even, bell = to_numpy(uniform((100, 200), seed=1)), to_numpy(normal((100, 200), seed=1))
    assert even.min() >= 0.0
    assert even.max() < 1.0
    deciles = np.histogram(even, 10, (0.0, 1.0))[0]
    # 2000 in each, with a deviation of 42.
    assert abs(deciles - 2000).max() < 200
    assert abs(bell.mean()) < 0.03
    assert bell.std() == pytest.approx(1.0, abs=0.03)
    assert (bell**4).mean() == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_numbers_follow_the_seed(draw):
    first, again, other = (to_numpy(draw((3, 4), seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()
    generator = keras.random.SeedGenerator(1)
    np.testing.assert_array_equal(to_numpy(draw((3, 4), seed=generator)), first)
    assert (to_numpy(draw((3, 4), seed=generator)) != first).all()


@pytest.mark.parametrize("draw", [uniform, normal])
def test_draws_without_a_seed_follow_the_seed_of_keras(draw):
    # Older Keras seeds only a generator that is not there yet.
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    first, second = (to_numpy(draw((3, 4))) for _ in range(2))
    assert (first != second).all()
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    np.testing.assert_array_equal(to_numpy(draw((3, 4))), first)


@pytest.mark.training
@pytest.mark.parametrize("draw", [uniform, normal])
def test_an_integer_seeds_compiled_functions(draw):
    layer = keras.layers.Identity()
    function = compiled(layer, lambda x: x + draw((3, 4), seed=1))
    for _ in range(2):
        found = to_numpy(function(np.zeros((3, 4), "float32")))
        np.testing.assert_allclose(found, to_numpy(draw((3, 4), seed=1)), rtol=1e-5)


@pytest.mark.parametrize("draw", [uniform, normal])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtypes(draw, dtype):
    found = draw((2, 3), dtype, seed=0)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    assert keras.backend.standardize_dtype(draw((2,), seed=0).dtype) == "float32"


@pytest.mark.training
@pytest.mark.parametrize("draw", [uniform, normal])
@pytest.mark.parametrize("seed", [0, None])
def test_the_dtype_is_that_of_keras_by_default(draw, seed):
    before = keras.config.floatx()
    keras.config.set_floatx("float16")
    try:
        assert keras.backend.standardize_dtype(draw((2,), seed=seed).dtype) == "float16"
    finally:
        keras.config.set_floatx(before)
