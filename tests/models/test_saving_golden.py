"""A file of every format that there ever was keeps loading."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente.archive import read_manifest
from pente.models.saving import FORMAT

FOLDER = Path(__file__).parent / "golden"
MADE: dict[str, Any] = runpy.run_path(str(FOLDER / "make.py"))


def test_there_is_a_file_of_every_format() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.pente")) == [f"format-{i + 1}.pente" for i in range(FORMAT)]
    assert all(path.stat().st_size < 50_000 for path in FOLDER.iterdir() if path.is_file())


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_an_old_file_is_the_model_that_it_was(number: int) -> None:
    path = FOLDER / f"format-{number}.pente"
    assert read_manifest(path).format == number
    model = pente.load_model(path)
    with np.load(path.with_suffix(".npz")) as expected:
        found = {name: array for name, array in MADE["expected"](model).items() if not name.startswith("random/")}
        assert set(found) == {name for name in expected if not name.startswith("random/")}
        for name, array in found.items():
            if name.startswith("predictions/"):  # what is computed may end in another digit on another machine
                np.testing.assert_allclose(array, expected[name], rtol=1e-5, err_msg=name)
            else:
                np.testing.assert_array_equal(array, expected[name], err_msg=name)
                assert array.dtype == expected[name].dtype
    assert model.class_names == ["a", "b", "c"]
    assert model.preprocessing.get_config() == {"l1": 0.1, "l2": 0.2}
    assert model.history.epoch == [0, 1]
    assert not model.get_layer("body/dense").trainable


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_an_old_file_goes_on_with_its_training(number: int) -> None:
    model = pente.load_model(FOLDER / f"format-{number}.pente")
    frozen = model.get_layer("body/dense").get_weights()
    model.fit(*MADE["data"](), batch_size=8, epochs=1, verbose=0)
    assert model.optimizer.iterations.numpy() == 9
    np.testing.assert_array_equal(model.get_layer("body/dense").get_weights()[0], frozen[0])
