"""Weights in files of their own, by their paths: safetensors and npz."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pente.archive import read_arrays, write_arrays
from pente.core.tensor import Variable
from pente.errors import DataError, DTypeError, UsageError

__all__ = ["FORMS", "Unmatched", "read_weights", "write_weights"]

FORMS = (".safetensors", ".npz")


class Unmatched(NamedTuple):
    """What ``load_weights(path, strict=False)`` left aside: weights of the model, and arrays of the file, by path."""

    missing: list[str]
    unexpected: list[str]


def write_weights(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write the weights of a model by their paths."""
    _require_form(path)
    model.require_built("save its weights")
    model.keep_values()
    return write_arrays(path, {name: variable.array for name, variable in _weights(model).items()})


def read_weights(model: Any, path: str | os.PathLike[str], strict: bool) -> Unmatched:
    """Replace the weights of a model by those in the file, all of them or none."""
    _require_form(path)
    model.require_built("load weights into it")
    own = _weights(model)
    found = read_arrays(path, lambda name, shape: name in own and shape == own[name].shape)
    unmatched = Unmatched([name for name in own if name not in found], [name for name in found if name not in own])
    _require_fit(model, path, own, found, unmatched if strict else Unmatched([], []))
    fitted = {name: _fitted(own[name], array, path) for name, array in found.items() if name in own}
    for name, array in fitted.items():
        own[name].replace(array)
    model.keep_values()
    return unmatched


def _require_form(path: str | os.PathLike[str]) -> None:
    target = Path(path)
    if target.suffix.lower() not in FORMS:
        whole = " A whole model is model.save(path) and pente.load_model(path)." if target.suffix == ".pente" else ""
        stem = target.name.partition(".")[0]
        raise UsageError(
            f"weights are kept in a file that ends in {' or '.join(FORMS)}, got {str(path)!r}: write "
            f"'{stem}.safetensors'.{whole}"
        )


def _weights(model: Any) -> dict[str, Variable]:
    """The weights by path, without the counters of random numbers, which belong to a training."""
    weights = set(map(id, model.weights))
    return {path: variable for path, variable in model.named_state().items() if id(variable) in weights}


def _require_fit(model: Any, path: Any, own: Any, found: Any, unmatched: Unmatched) -> None:
    """Raise where weights and file do not fit, with a list of what does not."""
    other = [
        f"{name} (here {own[name].shape}, there {there})"
        for name, there in found.items()
        if name in own and not isinstance(there, np.ndarray)
    ]
    parts = {
        "the file lacks": unmatched.missing,
        "the model has no": unmatched.unexpected,
        "of another shape are": other,
    }
    told = [f"{what} {_listed(names)}" for what, names in parts.items() if names]
    if told:
        hint = "" if other else " To load what fits write model.load_weights(path, strict=False)."
        raise DataError(f"{path} does not fit the model: {'; '.join(told)}.{hint}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _fitted(variable: Variable, array: Any, path: Any) -> Any:
    try:
        return np.array(variable.fitted(array))
    except DTypeError as error:
        error.add_note(f"in {path}")
        raise
