"""Keys and distributions."""

from typing import Any

from pente.core.habits import FUNCTIONS
from pente.ops.random import (
    Stream,
    bernoulli,
    bits,
    categorical,
    fold_in,
    key,
    normal,
    randint,
    set_seed,
    split,
    truncated_normal,
    uniform,
)

__all__ = [
    "Stream",
    "bernoulli",
    "bits",
    "categorical",
    "fold_in",
    "key",
    "normal",
    "randint",
    "set_seed",
    "split",
    "truncated_normal",
    "uniform",
]


def __getattr__(name: str) -> Any:
    hint = f". Write {FUNCTIONS[name]}." if name in FUNCTIONS else ""
    raise AttributeError(f"module 'pente.random' has no attribute {name!r}{hint}")
