"""The demo's experiment: a small network learns to read handwritten digits, then reads scans it has never seen."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.data import load_digits, train_test_split
from pente.layers import Dense, Flatten, Input
from pente.models import Sequential
from pente.ops.random import set_seed
from pente.optimizers import Adam
from pente.train.callbacks import Callback

__all__ = ["DIGITS", "Reading", "Scans", "Tally", "Training", "network", "read", "split_digits", "train"]

Array = NDArray[Any]

DIGITS = 10
HELD_OUT = 0.25


class Scans(NamedTuple):
    """Scans of handwritten digits."""

    x: Array
    """(N, 8, 8): the ink, 0 to 1."""
    y: Array
    """(N,): the digit that was written."""
    row: Array
    """(N,): where in `load_digits()` the scan stands."""


def split_digits() -> tuple[Scans, Scans]:
    """Return the scans to learn from and those held out, a quarter of each digit: the same ones in every run.

    They are drawn at random, so that the writers are the same in both parts; hands never seen are harder to read.
    """
    x, y = load_digits()
    parts = train_test_split(x, y, np.arange(len(y)), test_size=HELD_OUT, seed=0, stratify=y)
    return Scans(*parts[::2]), Scans(*parts[1::2])


def network(seed: int) -> Sequential:
    """Return the network, compiled; the seed decides its first weights and the order in which it will learn.

    Its size, the rate and the number of epochs were chosen by cross-validation among the scans to learn from.
    """
    set_seed(seed)
    model = Sequential(
        [
            Input((8, 8)),
            Flatten(),
            Dense(128, activation="relu"),
            Dense(DIGITS, activation="softmax"),
        ]
    )
    model.compile(optimizer=Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Training(NamedTuple):
    """How a training went."""

    history: dict[str, list[float]]
    """Loss and accuracy on the scans to learn from, an entry an epoch."""
    seconds: float


def train(model: Sequential, scans: Scans, epochs: int, callbacks: Sequence[Callback] = ()) -> Training:
    """Let the network learn from these scans."""
    began = time.perf_counter()
    history = model.fit(scans.x, scans.y, batch_size=32, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return Training(history.history, time.perf_counter() - began)


def read(model: Sequential, scans: Scans) -> "Reading":
    """Let the network say which digits these are."""
    return Reading(scans, model.predict(scans.x, verbose=0))


class Tally(NamedTuple):
    """How well one digit was read."""

    digit: int
    scans: int
    correct: int
    recall: float
    """The share of the digit's scans that were read as it."""
    precision: float | None
    """The share of what was read as the digit that was it; None where nothing was."""


@dataclass(frozen=True)
class Reading:
    """What a network reads in scans, beside the truth."""

    scans: Scans
    probability: Array
    """(N, 10): how probable the network holds each digit to be."""

    @cached_property
    def digit(self) -> Array:
        """(N,): what was read, the most probable digit."""
        most_probable: Array = np.argmax(self.probability, axis=1)
        return most_probable

    @cached_property
    def misread(self) -> list[int]:
        """Which of the N scans were not read as what was written, by the digit that was written."""
        wrong = np.flatnonzero(self.digit != self.scans.y).tolist()
        return sorted(wrong, key=lambda i: (self.scans.y[i], self.digit[i], self.scans.row[i]))

    @property
    def correct(self) -> int:
        """How many of the N scans were read as what was written."""
        return len(self.scans.y) - len(self.misread)

    @property
    def accuracy(self) -> float:
        """The share of the scans that were read as what was written."""
        return self.correct / len(self.scans.y)

    def tallies(self) -> list[Tally]:
        """One for each digit.

        >>> scans = Scans(np.zeros((3, 8, 8)), np.array([0, 1, 1]), np.arange(3))
        >>> Reading(scans, np.eye(10)[[0, 1, 0]]).tallies()[1]
        Tally(digit=1, scans=2, correct=1, recall=0.5, precision=1.0)
        """
        return [_tally(digit, self.scans.y == digit, self.digit == digit) for digit in range(DIGITS)]


def _tally(digit: int, written: Array, read: Array) -> Tally:
    scans, correct, claims = int(written.sum()), int((written & read).sum()), int(read.sum())
    return Tally(digit, scans, correct, correct / max(scans, 1), correct / claims if claims else None)
