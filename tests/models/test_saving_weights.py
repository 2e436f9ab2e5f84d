"""Weights in files of their own, state in dicts, copies in memory."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente import layers
from pente.errors import DataError, DTypeError, UsageError

X = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
PATHS = ["dense/kernel", "dense/bias", "out/kernel", "out/bias"]
FORMS = ["safetensors", "npz"]


def network(seed: int, units: int = 5, extra: Any = ()) -> Any:
    pente.set_seed(seed)
    return pente.Sequential([pente.Input((4,)), layers.Dense(units, "relu"), *extra, layers.Dense(2, name="out")])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("jit", [True, False])
def test_weights_go_from_one_model_to_another(form: str, jit: bool, tmp_path: Path) -> None:
    one, other = network(0), network(1)
    other.compile(jit=jit)
    before = other.predict(X, verbose=0)
    assert one.save_weights(tmp_path / f"w.{form}") == tmp_path / f"w.{form}"
    assert other.load_weights(tmp_path / f"w.{form}") == ([], [])
    np.testing.assert_array_equal(other.get_weights()[0], one.get_weights()[0])
    one.compile(jit=jit)
    np.testing.assert_array_equal(other.predict(X, verbose=0), one.predict(X, verbose=0))
    assert not np.array_equal(before, one.predict(X, verbose=0))


@pytest.mark.parametrize("form", FORMS)
def test_the_files_have_the_paths_and_others_read_them(form: str, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    model = network(0, extra=[layers.BatchNormalization(), layers.Dropout(0.5)])
    path = model.save_weights(str(tmp_path / f"w.{form}"))
    arrays = load_file(path) if form == "safetensors" else dict(np.load(path))
    statistics = {"gamma", "beta", "moving_mean", "moving_variance"}
    assert set(arrays) == {*PATHS, *(f"batch_normalization/{name}" for name in statistics)}
    np.testing.assert_array_equal(arrays["dense/kernel"], model.get_weights()[0])


def test_a_dropout_more_or_less_does_not_matter(tmp_path: Path) -> None:
    path = network(0, extra=[layers.Dropout(0.5)]).save_weights(tmp_path / "w.npz")
    assert network(1).load_weights(path) == ([], [])


@pytest.mark.parametrize("form", FORMS)
def test_what_does_not_fit_is_listed_by_path_and_changes_nothing(form: str, tmp_path: Path) -> None:
    model = network(1)
    before = model.get_weights()
    missing = network(0, extra=[layers.Dense(5, name="more")]).save_weights(tmp_path / f"more.{form}")
    with pytest.raises(DataError, match=r"the model has no more/bias, more/kernel.*strict=False"):
        model.load_weights(missing)
    with pytest.raises(DataError, match=r"the file lacks more/kernel, more/bias"):
        network(0, extra=[layers.Dense(5, name="more")]).load_weights(model.save_weights(tmp_path / f"less.{form}"))
    other = network(0, units=3).save_weights(tmp_path / f"other.{form}")
    with pytest.raises(DataError, match=r"another shape are .*dense/kernel \(here \(4, 5\), there \(4, 3\)\)"):
        model.load_weights(other, strict=False)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("form", FORMS)
def test_what_fits_is_loaded_where_that_is_asked_for(form: str, tmp_path: Path) -> None:
    one, other = network(0, extra=[layers.Dense(5, name="more")]), network(1)
    path = one.save_weights(tmp_path / f"w.{form}")
    assert other.load_weights(path, strict=False).unexpected == ["more/bias", "more/kernel"]
    np.testing.assert_array_equal(other.get_weights()[0], one.get_weights()[0])
    unmatched = one.load_weights(other.save_weights(tmp_path / f"back.{form}"), strict=False)
    assert unmatched == (["more/kernel", "more/bias"], [])


@pytest.mark.parametrize("form", FORMS)
def test_other_floats_are_cast_and_what_would_be_lost_is_refused(form: str, tmp_path: Path) -> None:
    from pente.archive import write_arrays

    model = network(0)
    state = {name: array.astype(np.float64) for name, array in model.state_dict().items()}
    network(1).load_weights(write_arrays(tmp_path / f"double.{form}", state))
    complex_state = {name: array.astype(np.complex64) for name, array in model.state_dict().items()}
    with pytest.raises(DTypeError, match="is float32, and would lose a part of complex64"):
        model.load_weights(write_arrays(tmp_path / f"complex.{form}", complex_state))


@pytest.mark.parametrize("name", ["w.weights.h5", "w.pt", "w.keras", "w", "w.pente"])
def test_another_ending_gets_the_line_that_works(name: str) -> None:
    with pytest.raises(UsageError, match=r"\.safetensors or \.npz.*write 'w\.safetensors'"):
        network(0).save_weights(name)
    with pytest.raises(UsageError, match=r"\.safetensors or \.npz"):
        network(0).load_weights(name)


def test_a_model_without_weights_yet_is_told_of(tmp_path: Path) -> None:
    model = pente.Sequential([layers.Dense(2)])
    with pytest.raises(UsageError, match=r"cannot save its weights: dense is not built yet.*model\.build"):
        model.save_weights(tmp_path / "w.npz")
    with pytest.raises(UsageError, match=r"cannot load weights into it: dense is not built yet"):
        model.load_weights(tmp_path / "w.npz")


def test_weights_that_were_loaded_stay_where_the_model_is_put(tmp_path: Path) -> None:
    """First values follow the path until somebody has seen them; these have been chosen."""
    path = network(0).save_weights(tmp_path / "w.npz")
    inner = network(1)
    inner.load_weights(path)
    outer = pente.Sequential([pente.Input((4,)), inner])
    np.testing.assert_array_equal(outer.get_weights()[0], network(0).get_weights()[0])


def test_a_failing_write_leaves_the_weights_that_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = network(0).save_weights(tmp_path / "w.npz")
    before = path.read_bytes()
    monkeypatch.setattr(np.lib.format, "write_array", lambda *given, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        network(1).save_weights(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["w.npz"]


# Copies.


@pytest.mark.parametrize("jit", [True, False])
def test_a_copy_goes_on_by_itself(jit: bool) -> None:
    model = network(0, extra=[layers.Dropout(0.5), layers.BatchNormalization()])
    model.compile("adam", "mse", ["mae"], jit=jit)
    model.fit(X, X[:, :2], verbose=0)
    twin = copy.deepcopy(model)
    for each in (model, twin):
        each.fit(X, X[:, :2], verbose=0)
    assert twin.history.history == model.history.history
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(a is not b for a, b in zip(model.weights, twin.weights, strict=True))


def test_the_layers_of_a_copy_belong_to_it() -> None:
    model = pente.Sequential([pente.Input((4,)), network(0)], name="outer")
    twin = copy.deepcopy(model)
    homes = {id(layer.home()) for _, layer in twin.walk() if layer.home is not None}
    assert homes <= {id(layer) for _, layer in twin.walk()}
    assert [path for path, _ in twin.walk()] == [path for path, _ in model.walk()]


def test_a_deep_graph_is_copied_and_saved(tmp_path: Path) -> None:
    x = y = pente.Input((4,))
    for _ in range(600):
        y = layers.ReLU()(y)
    model = pente.Model(x, y)
    np.testing.assert_array_equal(copy.deepcopy(model)(X), model(X))
    assert len(pente.load_model(model.save(tmp_path / "deep.pente")).layers) == 601


def test_a_model_is_not_pickled_and_the_line_that_works_is_told() -> None:
    with pytest.raises(UsageError, match=r"model\.save\('model\.pente'\).*pente\.load_model.*copy\.deepcopy"):
        pickle.dumps(network(0))
