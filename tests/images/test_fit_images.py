"""A folder of images is learned in one call, and what its model needs to read new images goes with it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pente
from pente.data.image_encoder import ImageEncoder, usual_encoder
from pente.errors import DataError, UsageError
from pente.images import fit_images, predict_images


def draw(folder: Path, classes: int = 2, each: int = 30, size: tuple[int, int] = (12, 10)) -> Path:
    """Images of noise in which a bar stands at the class's place."""
    rng = np.random.default_rng(0)
    for label in range(classes):
        (folder / f"bar {label}").mkdir(parents=True, exist_ok=True)
        for i in range(each):
            ink = rng.integers(0, 100, size, dtype=np.uint8)
            ink[:, 2 * label : 2 * label + 2] += 120
            Image.fromarray(ink).save(folder / f"bar {label}" / f"{i:03d}.png")
    return folder


def test_classes_are_learned_and_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    folder = draw(tmp_path / "bars", classes=3)
    fitted = fit_images(folder, epochs=25)
    assert fitted.scores["accuracy"] > 0.9 > 0.5 > fitted.baseline["accuracy"]
    parts = fitted.parts
    assert len(parts.held_out[1]) == 23
    assert len(parts.learned[1]) + len(parts.watched[1]) == 67
    predicted = predict_images(pente.load_model(fitted.model.save(tmp_path / "bars.pente")), folder)
    before = predict_images(fitted.model, folder)
    np.testing.assert_array_equal(predicted.probabilities["bar 1"], before.probabilities["bar 1"])
    assert predicted.scored == 90
    assert predicted.scores["accuracy"] > 0.9
    assert predicted.paths == sorted(predicted.paths)


def test_images_without_classes_are_predicted_and_not_scored(tmp_path: Path) -> None:
    model = fit_images(draw(tmp_path / "bars"), epochs=1).model
    (tmp_path / "new").mkdir()
    (tmp_path / "bars" / "bar 0" / "000.png").rename(tmp_path / "new" / "000.png")
    predicted = predict_images(model, tmp_path / "new")
    assert (len(predicted.values), predicted.scored, predicted.scores) == (1, 0, {})


def test_the_size_is_that_of_the_images_where_it_is_one_and_not_too_large(tmp_path: Path) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    Image.new("L", (12, 8)).save(small)
    Image.new("RGB", (100, 80), (255, 0, 0)).save(large)
    assert usual_encoder([small], 64).get_config() == {"image_size": [8, 12], "channels": 1}
    assert usual_encoder([large], 64).get_config() == {"image_size": [64, 64], "channels": 3}
    assert usual_encoder([small, large], 64).get_config() == {"image_size": [64, 64], "channels": 3}
    x = ImageEncoder((4, 4)).transform([large])
    assert (x.shape, x.dtype) == ((1, 4, 4, 3), np.float32)
    np.testing.assert_array_equal(x[0, 0, 0], [1, 0, 0])


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    folder = draw(tmp_path)
    assert fit_images(folder, epochs=2, seed=3).history == fit_images(folder, epochs=2, seed=3).history


def test_what_cannot_be_learned_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has one sub-folder, 'bar 0'"):
        fit_images(draw(tmp_path / "one", classes=1))
    with pytest.raises(DataError, match="has 8 images, and at least 20"):
        fit_images(draw(tmp_path / "few", each=4))
    (tmp_path / "one" / "bar 0" / "000.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"000\.png cannot be read as an image"):
        predict_images(fit_images(draw(tmp_path / "two"), epochs=1).model, tmp_path / "one")
    with pytest.raises(UsageError, match="did not learn from images"):
        predict_images(pente.Sequential([pente.layers.Dense(1)]), tmp_path)
