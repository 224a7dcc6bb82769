"""Image files of every mode, depth and orientation."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_attn.datasets import ImageFiles, cached_features
from keras_attn.datasets.coco_captions import _StoredImages

pytestmark = pytest.mark.once

# Black at the left, white at the right.
RAMP = np.linspace(0.0, 1.0, 60, dtype="float32")[None].repeat(40, axis=0)
# A column of the small image is a mean of 20 columns, with weights that fall off linearly.
TRIANGLES = np.maximum(1 - np.abs(np.arange(60) - 4.5 - 10 * np.arange(6)[:, None]) / 10, 0)
LEVELS = TRIANGLES @ RAMP[0] / TRIANGLES.sum(axis=1)
COLORS = np.zeros((40, 60, 3), "uint8")
COLORS[:20, :, 0] = COLORS[20:, :, 2] = 200  # red over blue


def read(image, path, **options):
    """Writes an image to a file, and reads it in six by four pixels."""
    image.save(path, **options)
    pixels = ImageFiles([path], (4, 6))[0]
    assert pixels.dtype == "float32"
    assert pixels.shape == (4, 6, 3)
    return pixels


def assert_ramp(pixels):
    # Images of eight bits are rounded down.
    np.testing.assert_allclose(pixels, np.broadcast_to(LEVELS[:, None], (4, 6, 3)), atol=0.005)


def assert_red_over_blue(pixels):
    # Palettes, YCbCr and JPEG change a level of 200 by 1.
    level = 200 / 255
    for row, color in ((0, [level, 0, 0]), (-1, [0, 0, level])):
        np.testing.assert_allclose(pixels[row], np.broadcast_to(color, (6, 3)), atol=0.005)


def png_of_16_bits(pixels):
    """Returns a PNG with 16 bits per channel, which PIL cannot write in color."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    height, width, channels = pixels.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(tmp_path, orientation):
    # EXIF orientation → transpose from the upright image to the stored image.
    turn = {
        2: Image.FLIP_LEFT_RIGHT,
        3: Image.ROTATE_180,
        4: Image.FLIP_TOP_BOTTOM,
        5: Image.TRANSPOSE,
        6: Image.ROTATE_90,
        7: Image.TRANSVERSE,
        8: Image.ROTATE_270,
    }
    upright = COLORS.copy()
    upright[:, :30, 1] = 200  # green at the left
    stored = Image.fromarray(upright)
    if orientation in turn:
        stored = stored.transpose(turn[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read(stored, tmp_path / "phone.png", exif=exif)
    expected = np.zeros((4, 6, 3))
    expected[:2, :, 0] = expected[2:, :, 2] = expected[:, :3, 1] = 200 / 255
    corners = np.ix_([0, -1], [0, -1])
    np.testing.assert_allclose(pixels[corners], expected[corners], atol=0.01)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("eight.png", (RAMP * 255).astype("uint8")),
        ("sixteen.png", (RAMP * 65535).astype("uint16")),
        ("sixteen.tif", (RAMP * 65535).astype("uint16")),
        ("thirty_two.tif", (RAMP.astype("float64") * (2**31 - 1)).astype("int32")),
        ("sixteen_in_32.tif", (RAMP * 65535).astype("int32")),
        ("floats.tif", RAMP),
        ("floats_255.tif", RAMP * 255),
        ("floats_65535.tif", RAMP * 65535),
    ],
)
def test_every_bit_depth(tmp_path, name, image):
    assert_ramp(read(Image.fromarray(image), tmp_path / name))


@pytest.mark.parametrize("order", [">", "<"])
def test_sixteen_bits_in_both_byte_orders(tmp_path, order):
    # TIFF of one strip: width, height, bits, uncompressed, black is zero, offset, rows, bytes.
    pixels = (RAMP * 65535).astype(f"{order}u2").tobytes()
    tags = [(256, 60), (257, 40), (258, 16), (259, 1), (262, 1), (273, 8), (278, 40)]
    tags.append((279, len(pixels)))
    start = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    table = struct.pack(f"{order}H", len(tags))
    for tag, value in tags:
        table += struct.pack(f"{order}HHII", tag, 4, 1, value)
    (tmp_path / "a.tif").write_bytes(start + pixels + table + struct.pack(f"{order}I", 0))
    assert_ramp(ImageFiles([tmp_path / "a.tif"], (4, 6))[0])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_with_colors_and_transparency(tmp_path, channels):
    pixels = np.repeat(RAMP[..., None] * 65535, channels, axis=-1)
    if channels in (2, 4):
        pixels[..., -1] = 65535
    (tmp_path / "a.png").write_bytes(png_of_16_bits(pixels))
    assert_ramp(ImageFiles([tmp_path / "a.png"], (4, 6))[0])


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("RGB", "png"),
        ("RGBA", "png"),
        ("P", "png"),
        ("PA", "tif"),
        ("YCbCr", "tif"),
        ("CMYK", "tif"),
        ("CMYK", "jpg"),
    ],
)
def test_every_color_mode(tmp_path, mode, suffix):
    image = Image.fromarray(COLORS)
    image = image.convert("P").convert(mode) if mode == "PA" else image.convert(mode)
    path = tmp_path / f"a.{suffix}"
    assert_red_over_blue(read(image, path))
    with Image.open(path) as stored:
        assert stored.mode == mode


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_gray_and_binary_images(tmp_path, mode):
    halves = np.zeros((40, 60), "uint8")
    halves[:, 30:] = 255
    pixels = read(Image.fromarray(halves).convert(mode), tmp_path / "a.png")
    np.testing.assert_allclose(pixels[:, 1], 0.0, atol=0.01)
    np.testing.assert_allclose(pixels[:, 4], 1.0, atol=0.01)


@pytest.mark.parametrize("palette", [False, True])
def test_transparent_pixels_become_white(tmp_path, palette):
    ink = np.zeros((40, 60, 4), "uint8")  # a black drawing on transparent black
    ink[:, 30:, 3] = 255
    image = Image.fromarray(ink)
    if palette:
        image = image.quantize(4)
        assert image.mode == "P"
    pixels = read(image, tmp_path / "a.png")
    np.testing.assert_allclose(pixels[:, 1], 1.0, atol=0.01)
    np.testing.assert_allclose(pixels[:, 4], 0.0, atol=0.01)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("nan.tif", np.where(RAMP > 0.5, np.nan, RAMP)),
        ("minus_infinite.tif", np.where(RAMP > 0.5, -np.inf, RAMP)),
        ("infinite.tif", np.where(RAMP > 0.5, np.inf, RAMP)),
        ("bright.tif", RAMP * 1e9),
    ],
)
def test_floats_out_of_range_are_refused_by_file_name(tmp_path, name, image):
    Image.fromarray(image.astype("float32")).save(tmp_path / name)
    with pytest.raises(ValueError, match=rf"`paths` must be of images .*{name}"):
        ImageFiles([tmp_path / name], (4, 6))[0]


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_negative_pixels_are_black(tmp_path, dtype):
    white = 1 if dtype == "float32" else 65535
    image = (white * np.where(RAMP < 0.5, -1, RAMP)).astype(dtype)
    pixels = read(Image.fromarray(image), tmp_path / "a.tif")
    np.testing.assert_allclose(pixels[:, :2], 0.0, atol=0.01)
    np.testing.assert_allclose(pixels[:, -1], LEVELS[-1], atol=0.01)


def test_an_oversized_image_is_refused_by_file_name(tmp_path, monkeypatch):
    Image.fromarray(COLORS).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    images = ImageFiles([tmp_path / "large.png"], (4, 6))
    with pytest.raises(ValueError, match=r"`paths` .*large\.png: DecompressionBombError"):
        images[0]
    with pytest.raises(ValueError, match=r"large\.png"):
        cached_features(lambda batch, training: batch, images, tmp_path / "features.npy")


def test_stored_images_are_read_as_files_are(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(COLORS).transpose(Image.ROTATE_90).save(file, "jpeg", exif=exif, quality=95)
    images = _StoredImages([], (4, 6), True)
    images.source = [
        {"image": file.getvalue(), "image/filename": b"phone.jpg"},
        {"image": b"?", "image/filename": b"bad.jpg"},
    ]
    assert_red_over_blue(images[0])
    with pytest.raises(ValueError, match=r"bad\.jpg"):
        images[1]


def test_a_single_path_is_refused(tmp_path):
    for path in ("a.png", tmp_path / "a.png"):
        with pytest.raises(ValueError, match=r"`paths` must be a list of paths.*a\.png"):
            ImageFiles(path, (4, 6))
