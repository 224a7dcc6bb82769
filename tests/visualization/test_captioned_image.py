"""Images of captions: their brightness for each word, channels, dtypes and refusals."""

import keras
import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization.captioned_image import CaptionedImage
from tests.visualization.captions import described


def smoothly_lit(image, weights):
    """Returns the image with bilinear weights as brightness, or as grey where it is darker."""
    light = weights / weights.max()
    rows, columns, _ = image.shape
    lit = np.zeros_like(image)
    for row in range(rows):
        for column in range(columns):
            y = np.clip((row + 0.5) * light.shape[0] / rows - 0.5, 0, light.shape[0] - 1)
            x = np.clip((column + 0.5) * light.shape[1] / columns - 0.5, 0, light.shape[1] - 1)
            above, left = int(y), int(x)
            below, right = min(above + 1, len(light) - 1), min(left + 1, light.shape[1] - 1)
            down, across = y - above, x - left
            here = (1 - down) * (
                (1 - across) * light[above, left] + across * light[above, right]
            ) + down * ((1 - across) * light[below, left] + across * light[below, right])
            lit[row, column] = np.maximum(image[row, column] * (0.15 + 0.85 * here), 0.3 * here)
    return lit


def test_the_light_is_interpolated(generator):
    image = generator.random((9, 14, 3)).astype("float32")
    weights = generator.dirichlet(np.ones(12), size=2).reshape(2, 3, 4)
    lit = CaptionedImage(Alignment(image, ["a", "star"], weights)).lit()
    for found, each in zip(lit, weights, strict=True):
        np.testing.assert_allclose(found, smoothly_lit(image, each), atol=1e-5)


def test_attention_shows_on_black():
    lit = CaptionedImage(described(value=0.0)).lit(smooth=False)[0]
    np.testing.assert_allclose(lit[4:, 8:], 0.3, rtol=1e-5)
    np.testing.assert_allclose(lit[:4, :4], 0.1, rtol=1e-5)
    assert not lit[4:, :8].any()


def test_a_single_place_covers_the_full_image():
    lit = CaptionedImage(Alignment(np.full((4, 4, 1), 0.5), ["all"], np.ones((1, 1, 1)))).lit()
    np.testing.assert_allclose(lit, 0.5)
    assert lit.shape == (1, 4, 4, 3)


def test_the_image_is_dark_for_a_word_without_weights():
    found = Alignment(np.ones((4, 4, 3)), ["a"], np.zeros((1, 2, 2)))
    np.testing.assert_allclose(CaptionedImage(found).lit(), 0.15)


def test_a_caption_without_words():
    for words, end, count in ((["</s>"], False, 0), (["</s>"], True, 1), ([], False, 0)):
        caption = CaptionedImage(described(words), end=end)
        assert caption.words == words[:count]
        assert caption.lit().shape == (count, 8, 12, 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_any_number_of_channels_is_shown(channels, generator):
    image = generator.random((8, 12, channels)).astype("float32")
    shown = CaptionedImage(described()._replace(source=image)).image
    expected = image[..., :3] if channels in (3, 4) else image.mean(-1, keepdims=True)
    np.testing.assert_allclose(shown, np.broadcast_to(expected, (8, 12, 3)), rtol=1e-6)
    first = described()._replace(source=np.moveaxis(image, -1, 0))
    np.testing.assert_array_equal(CaptionedImage(first, data_format="channels_first").image, shown)


def test_images_of_bytes_tensors_and_half_precision():
    for image in (np.full((8, 12, 3), 204, "uint8"), np.full((8, 12, 3), 0.8, "float16")):
        for source in (image, keras.ops.convert_to_tensor(image)):
            found = described()._replace(source=source)
            np.testing.assert_allclose(CaptionedImage(found).image, 0.8, atol=1e-3)
    holes = described(value=np.nan)
    assert np.isfinite(CaptionedImage(holes).image).all()


def test_bad_arguments_are_refused():
    found = described()
    for weights in (np.ones((2, 4)), np.ones((3, 2, 2)), np.ones((4, 0, 2))):
        with pytest.raises(ValueError, match=r"weights \(words, height, width\).*4 words"):
            CaptionedImage(found._replace(weights=weights))
    for weight in (-0.5, 2.0, np.nan):
        with pytest.raises(ValueError, match=rf"weights in \[0, 1\].*{weight}"):
            CaptionedImage(found._replace(weights=np.full((4, 2, 3), weight)))
    for shape in ((8, 12), (0, 12, 3), (1, 8, 12, 3)):
        with pytest.raises(ValueError, match="one image with channels"):
            CaptionedImage(found._replace(source=np.zeros(shape)))
