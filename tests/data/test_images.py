"""Folders of images: decoding, classes, sizes, and files that are damaged."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pente import Sequential, layers
from pente.data import ImageFolder, read_image, train_test_split
from pente.errors import DataError, MissingExtraError, UsageError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (8, 6, 7, 3), np.uint8)  # height 6, width 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of four images, one of them deeper."""
    for i, pixels in enumerate(PIXELS):
        home = tmp_path / ("cats" if i < 4 else "dogs") / ("deep" if i == 3 else "")
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(home / f"{i}.png")
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_a_folder_gives_pixels_and_classes(folder: Path) -> None:
    images = ImageFolder(folder)
    assert (images.class_names, len(images), images.labels.tolist()) == (["cats", "dogs"], 8, [0] * 4 + [1] * 4)
    x, y = images[:]
    np.testing.assert_array_equal(x, PIXELS.astype(np.float32) / 255)
    assert (x.dtype, y.dtype, y.tolist()) == (np.float32, np.int64, [0] * 4 + [1] * 4)
    assert [path.name for path in images.paths] == [f"{i}.png" for i in range(8)]


def test_bytes_stay_bytes_where_that_is_asked(folder: Path) -> None:
    x, y = ImageFolder(folder, dtype="uint8")[[5, 2]]
    np.testing.assert_array_equal(x, PIXELS[[5, 2]])
    assert y.tolist() == [1, 0]
    x[...] = 0  # a batch belongs to who asked for it
    y[...] = 9
    assert ImageFolder(folder).labels[5] == 1


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_channels_are_those_of_pillow(folder: Path, channels: Any, mode: str) -> None:
    x, _ = ImageFolder(folder, dtype="uint8", channels=channels)[:1]
    expected = np.asarray(Image.fromarray(PIXELS[0]).convert(mode)).reshape(6, 7, channels)
    np.testing.assert_array_equal(x[0], expected)


def test_other_sizes_are_resized_or_named(folder: Path) -> None:
    Image.fromarray(PIXELS[0][:4]).save(folder / "dogs" / "small.png")
    with pytest.raises(DataError, match=r"small\.png is 4×7 pixels and .*0\.png is 6×7: give image_size"):
        list(ImageFolder(folder).batch(4))
    x, _ = ImageFolder(folder, (5, 3), dtype="uint8")[:]
    assert x.shape == (9, 5, 3, 3)
    expected = Image.fromarray(PIXELS[1]).resize((3, 5), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(x[1], np.asarray(expected))


@pytest.mark.parametrize("ending", ["jpg", "bmp", "gif", "webp", "tiff", "ppm"])
def test_every_kind_of_file_is_read(tmp_path: Path, ending: str) -> None:
    (tmp_path / "a").mkdir()
    grey = Image.fromarray(np.full((8, 8, 3), 100, np.uint8))
    grey.save(tmp_path / "a" / f"grey.{ending.upper()}")
    x, _ = ImageFolder(tmp_path, dtype="uint8")[:]
    np.testing.assert_allclose(x, 100, atol=4)


def test_a_picture_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.rot90(PIXELS[0], -1))


@pytest.mark.parametrize("threads", [0, 3])
def test_a_damaged_file_is_named(folder: Path, threads: int) -> None:
    path = folder / "dogs" / "5.png"
    path.write_bytes(path.read_bytes()[:60])
    batches: Any = ImageFolder(folder).batch(3)
    with pytest.raises(DataError, match=r"5\.png cannot be read as an image"):
        list(batches.prefetch(4, num_workers=threads) if threads else batches)
    path.write_bytes(b"no image at all")
    with pytest.raises(DataError, match=r"5\.png cannot be read as an image"):
        list(batches)


def test_threads_give_the_same_batches(folder: Path) -> None:
    plain = ImageFolder(folder).shuffle(1).batch(3)
    for (x, y), (u, v) in zip(plain.epoch(2), plain.prefetch(4, num_workers=3).epoch(2), strict=True):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


@pytest.mark.parametrize("jit", [True, False])
def test_a_model_is_trained_on_a_folder(folder: Path, jit: bool) -> None:
    images = ImageFolder(folder)
    train, test = train_test_split(np.arange(len(images)), test_size=2, stratify=images.labels)
    model = Sequential([layers.Flatten(), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], jit=jit)
    model.fit(images.select(train), batch_size=3, epochs=2, validation_data=images.select(test), verbose=0)
    model.fit(images.shuffle(0).batch(3).prefetch(2), verbose=0)
    x, y = images[:]
    loss, accuracy = model.evaluate(images, batch_size=3, verbose=0)
    assert [loss, accuracy] == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    np.testing.assert_allclose(model.predict(images, batch_size=3, verbose=0), model.predict(x, verbose=0), rtol=1e-5)


def test_classes_can_be_chosen_and_ordered(folder: Path) -> None:
    assert ImageFolder(folder, class_names=["dogs", "cats"]).labels.tolist() == [0] * 4 + [1] * 4
    assert len(ImageFolder(folder, class_names=["dogs"])) == 4
    with pytest.raises(DataError, match="no sub-folder for the classes birds; it has cats, dogs"):
        ImageFolder(folder, class_names=["birds"])


def test_what_is_no_folder_of_images_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        ImageFolder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no sub-folders: expected one for each class"):
        ImageFolder(folder / "dogs")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no images; known are \.bmp"):
        ImageFolder(folder)
    with pytest.raises(DataError, match="there is no file"):
        read_image(tmp_path / "nothing.png")


@pytest.mark.parametrize(
    "settings",
    [{"channels": 2}, {"dtype": "int64"}, {"image_size": 32}, {"image_size": (0, 3)}, {"image_size": (3.0, 3)}],
)
def test_settings_that_are_none_are_told(folder: Path, settings: Any) -> None:
    with pytest.raises(UsageError):
        ImageFolder(folder, **settings)


def test_without_pillow_the_error_says_what_to_install(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pente\[images\]'"):
        ImageFolder(folder)
