"""A file that somebody changed, hashes and all, is refused with a reason, or is a model: nothing else happens."""

import contextlib
import copy
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente import layers
from pente.archive import pack_arrays, read_archive, unpack_arrays, write_archive
from pente.errors import DataError, PenteError

X = np.random.default_rng(0).uniform(size=(20, 6)).astype(np.float32)


def trained() -> Any:
    pente.set_seed(0)
    x = pente.Input((6,), name="x")
    inner = [layers.Dense(4, activation="relu", kernel_regularizer="l2"), layers.Dropout(0.2)]
    steps = layers.Reshape((2, 2))(pente.Sequential([pente.Input((6,)), *inner, layers.BatchNormalization()])(x * 2.0))
    y = layers.LSTM(3, recurrent_dropout=0.1)(layers.MultiHeadAttention(2, 2)(steps, steps, use_causal_mask=True))
    start = pente.initializers.Constant(np.ones((3, 1)))
    model = pente.Model(x, {"a": layers.Dense(1)(y), "b": layers.Dense(1, name="b", kernel_initializer=start)(y)})
    optimizer = pente.optimizers.Adam(pente.schedules.CosineDecay(0.1, 10))
    model.compile(optimizer, {"a": "mse", "b": "mae"}, {"a": ["mae", pente.metrics.AUC(5)], "b": []})
    model.class_names, model.preprocessing = ["u"], pente.regularizers.L1(0.5)
    model.fit(X, {"a": (X[:, :1] > 0.5) * 1.0, "b": X[:, :1]}, verbose=0)
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = trained().save(tmp_path_factory.mktemp("saved") / "model.pente")
    return path


@pytest.fixture(scope="module")
def members(saved: Path) -> dict[str, bytes]:
    return read_archive(saved, range(1, 2))[1]


def write(path: Path, members: dict[str, bytes]) -> Path:
    write_archive(path, 1, {"pente": "0.1.0"}, members)
    return path


def at(tree: Any, *keys: Any) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


def part(tree: Any, name: str) -> Any:
    return next(each for each in tree["parts"] if each.get("class") == name)


Edit = Callable[[Any], Any]
CHANGED: dict[str, tuple[str, Edit, str]] = {
    "an unknown class": (
        "architecture.json",
        lambda t: part(t, "layers.Dense").update({"class": "os.system"}),
        "'os.system' is not a class or function that a file may name",
    ),
    "a Lambda": (
        "architecture.json",
        lambda t: part(t, "layers.Dense").update({"class": "layers.Lambda"}),
        r"'layers\.Lambda' is not a class or function that a file may name",
    ),
    "a class of ones own": (
        "architecture.json",
        lambda t: part(t, "layers.Dense").update({"class": "custom.Evil"}),
        r'custom_objects=\{"Evil": Evil\}',
    ),
    "a loss for a layer": (
        "architecture.json",
        lambda t: part(t, "layers.Dense").update({"class": "losses.Huber", "config": {}}),
        r"losses\.Huber is no layer",
    ),
    "an unknown setting": (
        "architecture.json",
        lambda t: part(t, "layers.Dense")["config"].update(code="import os"),
        "Dense has no field 'code'",
    ),
    "a setting of a wrong kind": (
        "architecture.json",
        lambda t: part(t, "layers.Dense")["config"].update(units="many"),
        "Dense",
    ),
    "a weight larger than the file": (
        "architecture.json",
        lambda t: part(t, "layers.Dense")["config"].update(units=10**9),
        "larger than what is there to fill it",
    ),
    "a weight of a larger recurrent layer": (
        "architecture.json",
        lambda t: part(t, "layers.LSTM")["config"].update(units=10**6),
        "larger than what is there to fill it",
    ),
    "a weight of another shape": (
        "architecture.json",
        lambda t: part(t, "layers.Dense")["config"].update(units=3),
        r"weights\.safetensors: .* is \(6, 4\) float32, and the layers want \(6, 3\) float32",
    ),
    "a weight of another dtype": (
        "architecture.json",
        lambda t: part(t, "layers.Dense")["config"].update(dtype="float16"),
        "and the layers want .* float16",
    ),
    "a metric without end": (
        "training.json",
        lambda t: at(t, "plan", "metrics", "dict", 0, 1, 1, "config").update(num_thresholds=10**9),
        "2 to 1,000,000 thresholds",
    ),
    "an optimizer that is none": (
        "training.json",
        lambda t: t["plan"].update(optimizer={"class": "losses.Huber", "config": {}}),
        "expected one optimizer",
    ),
    "an optimizer with other slots": (
        "training.json",
        lambda t: t["plan"]["optimizer"]["config"].update(amsgrad=True),
        r"training\.safetensors lacks .*velocity_hat",
    ),
    "a part that comes later": (
        "architecture.json",
        lambda t: t["parts"][1].update(call=len(t["parts"]) - 1),
        "that stands before it",
    ),
    "a shape below 0": (
        "architecture.json",
        lambda t: [p for p in t["parts"] if "call" in p][-1]["outputs"].update(open=[[-1], "float32"]),
        "is no shape",
    ),
    "no such model": ("architecture.json", lambda t: t.update(model=10**6), "is no Layer that stands before it"),
    "a layer for a model": ("architecture.json", lambda t: t.update(model=0), "is no model, but InputLayer"),
    "a layer that is not there": (
        "architecture.json",
        lambda t: t["layers"][-1].update(path="other"),
        "there is a layer 'other' in it",
    ),
    "another entry": ("architecture.json", lambda t: t.update(code="import os"), "has the entries"),
    "an entry less": ("data.json", lambda t: t.pop("class_names"), "has the entries"),
    "names that are none": ("data.json", lambda t: t.update(class_names=[1]), "class_names are"),
    "a history that is none": ("training.json", lambda t: t.update(history=3), "history"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_file_with_other_settings_is_refused_with_the_reason(
    name: str, members: dict[str, bytes], tmp_path: Path
) -> None:
    member, edit, message = CHANGED[name]
    told = json.loads(members[member])
    edit(told)
    path = write(tmp_path / "model.pente", members | {member: json.dumps(told).encode()})
    tracemalloc.start()
    try:
        with pytest.raises(PenteError, match=message) as caught:
            pente.load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert str(path) in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


ARRAYS: dict[str, tuple[str, Edit, str]] = {
    "a weight less": ("weights.safetensors", lambda a: a.pop("b/kernel"), r"lacks \['b/kernel'\]"),
    "a weight more": ("weights.safetensors", lambda a: a.update(more=np.ones(2)), r"has \['more'\]"),
    "a weight turned": ("weights.safetensors", lambda a: a.update({"b/kernel": a["b/kernel"].T}), "b/kernel is"),
    "no arrays of settings": ("arrays.safetensors", lambda a: a.clear(), "there is no array '0'"),
    "no epoch": ("training.safetensors", lambda a: a.pop("data/epoch"), r"lacks \['data/epoch'\]"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_file_with_other_arrays_is_refused_with_the_reason(
    name: str, members: dict[str, bytes], tmp_path: Path
) -> None:
    member, edit, message = ARRAYS[name]
    arrays = unpack_arrays(members[member], member)
    edit(arrays)
    path = write(tmp_path / "model.pente", members | {member: pack_arrays(arrays)})
    with pytest.raises(DataError, match=message):
        pente.load_model(path)


def test_a_file_with_other_members_is_no_model(members: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "model.pente", {"architecture.json": members["architecture.json"]})
    with pytest.raises(DataError, match="and a model has"):
        pente.load_model(path)


JUNK: list[Any] = [
    *(None, True, -1, 0, 10**6, 10**12, 2**63, 10**30, 1.5, "", "relu", "layers.Dense", "losses.get", "custom.X"),
    *("layers.Layer", "models.Model", "schedules.Schedule", [], [[]], {}, {"tuple": []}, {"tuple": [None, 10**12]}),
    *({"dict": []}, {"float": "nan"}, {"array": "0"}, {"tensor": "0"}, {"thing": "losses.huber"}, {"part": 3}),
    *({"thing": "layers.Dense"}, {"symbol": [3, 0]}, {"ellipsis": True}, {"slice": [1, 2, 3]}, {"dtype": "float64"}),
    {"class": "initializers.Zeros", "config": {}},
    {"class": "layers.Dense", "config": {"units": 10**9}},
]


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def shaken(members: dict[str, bytes], chance: random.Random) -> dict[str, bytes]:
    """The members with junk somewhere in their settings."""
    told = {name: json.loads(data) for name, data in members.items() if name.endswith(".json")}
    for _ in range(chance.choice([1, 1, 2])):
        name = chance.choice(list(told))
        *outer, last = chance.choice([path for path in places(told[name]) if path])
        with contextlib.suppress(KeyError, IndexError, TypeError):  # what was there may be junk by now
            if chance.random() < 0.8:
                at(told[name], *outer)[last] = copy.deepcopy(chance.choice(JUNK))
            else:
                del at(told[name], *outer)[last]
    return members | {name: json.dumps(tree).encode() for name, tree in told.items()}


@pytest.mark.parametrize("seed", range(8))
def test_junk_in_the_settings_is_refused_or_is_a_model(seed: int, members: dict[str, bytes], tmp_path: Path) -> None:
    chance = random.Random(seed)
    tracemalloc.start()
    try:
        for _ in range(15):
            path = write(tmp_path / "model.pente", shaken(members, chance))
            with contextlib.suppress(PenteError):
                assert isinstance(pente.load_model(path), pente.Model)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_damage_to_the_bytes_is_told_or_harmless(saved: Path, tmp_path: Path) -> None:
    expected, data = pente.load_model(saved).predict(X, verbose=0), saved.read_bytes()
    chance, path = random.Random(0), tmp_path / "model.pente"
    for place in chance.sample(range(len(data)), 60):
        flipped = bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        for rest in (b"", flipped):
            path.write_bytes(data[:place] + rest)
            with contextlib.suppress(DataError):
                found = pente.load_model(path).predict(X, verbose=0)
                np.testing.assert_array_equal(found["a"], expected["a"])
