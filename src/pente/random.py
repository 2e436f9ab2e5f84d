"""Keys and distributions."""

from pente.core.habits import FUNCTIONS, no_attribute
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


__getattr__ = no_attribute("pente.random", FUNCTIONS)
