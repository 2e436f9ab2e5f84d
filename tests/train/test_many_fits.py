"""A process may fit as many models as it likes: what a model took is given back when it is let go."""

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper
from typing import Any

import numpy as np
import pytest

import pente
from pente import Model, Sequential, layers
from pente.core import room
from tests.house.source import ROOT

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 8)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def fit(model: Model, x: Any = X, y: Any = Y) -> None:
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=2, batch_size=16, validation_split=0.25, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)


def chain(width: int = 5) -> Model:
    return Sequential([layers.Dense(width, activation="tanh"), layers.Dropout(0.1), layers.Dense(1)])


def graph() -> Model:
    inputs = pente.Input((8,))
    x = layers.Dense(4, activation="relu")(inputs)
    return Model(inputs, layers.Dense(1)(layers.BatchNormalization()(x + layers.Dense(4)(x))))


def recurrent() -> Model:
    return Sequential([layers.Input((8,)), layers.Reshape((8, 1)), layers.GRU(3), layers.Dense(1)])


def counts() -> tuple[int, int]:
    """How many objects there are that may hold others, and how many pieces of memory Python has given out."""
    gc.collect()
    return len(gc.get_objects()), sys.getallocatedblocks()


def growth(life: Callable[[int], None], before: int = 3, after: int = 5) -> tuple[float, float]:
    """How many of both each life leaves behind, after the first ones, which fill what is kept for all."""
    for i in range(before):
        life(i)
    objects, pieces = counts()
    for i in range(before, before + after):
        life(i)
    more_objects, more_pieces = counts()
    return (more_objects - objects) / after, (more_pieces - pieces) / after


@contextmanager
def rarely_collected() -> Iterator[None]:
    """As in a process with so many objects that a few more make the collector look at all of them only rarely."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 1000, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def bounded_caches() -> list[Any]:
    """The compiler's memories of kernels by what they are, of which the oldest go when there are too many."""
    found = [c for c in gc.get_objects() if type(c) is _lru_cache_wrapper and c.__module__.startswith("pente.")]
    return [cache for cache in found if cache.cache_info().maxsize is not None]


@pytest.mark.parametrize("make", [chain, graph, recurrent])
def test_models_of_one_kind_leave_nothing_behind(make: Callable[[], Model]) -> None:
    objects, pieces = growth(lambda _: fit(make()))
    assert objects < 1
    assert pieces < 50  # a model and its programs are some thousands


def test_a_model_that_is_let_go_takes_its_programs_along() -> None:
    model = chain()
    fit(model)
    kept = [weakref.ref(model), *map(weakref.ref, model.programs.values()), *map(weakref.ref, model.layers)]
    assert len(kept) == 7
    del model
    gc.collect()
    assert [thing() for thing in kept] == [None] * 7


@pytest.mark.parametrize("jit", [True, False])
def test_large_models_that_were_let_go_are_freed_before_the_next_one_takes_memory(
    jit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LIMIT", 60_000)
    models = []
    with rarely_collected():
        for _ in range(5):
            model = chain(width=2000)  # 20,001 weights of four bytes, and three times that with Adam
            model.compile(optimizer="adam", loss="mse", jit=jit)
            model.fit(X, Y, verbose=0)
            models.append(weakref.ref(model))
            del model
            assert sum(model() is not None for model in models) <= 2


def test_models_of_different_widths_leave_only_what_caches_with_a_bound_hold() -> None:
    def life(i: int) -> None:
        fit(chain(width=32 * (i + 1)))
        for cache in bounded_caches():
            cache.cache_clear()

    objects, pieces = growth(life)
    assert objects < 20  # there are some kinds of blocks that each width may be the first to need
    assert pieces < 50


def test_fitting_one_model_again_and_again_adds_nothing() -> None:
    model = chain()
    model.compile(optimizer="adam", loss="mse")

    def life(_: int) -> None:
        model.fit(X, Y, batch_size=16, verbose=0)

    objects, pieces = growth(life, after=20)
    assert objects < 1
    assert pieces < 10


def test_the_data_are_let_go_after_a_smaller_last_batch() -> None:
    model = chain()
    model.compile(optimizer="adam", loss="mse")
    x, y = X.copy(), Y.copy()
    data = [weakref.ref(x), weakref.ref(y)]
    model.fit(x, y, batch_size=20, shuffle=False, verbose=0)
    del x, y
    gc.collect()
    assert [thing() for thing in data] == [None, None]


@pytest.mark.slow
def test_a_thousand_fits_hold_no_more_memory_than_three_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from many_fits import rows

    found = {row.fits: row for row in rows(lambda _: 16, 1000)}
    assert found[1000].objects <= found[300].objects + 100
    assert found[1000].held < found[300].held + 16 * 2**20
