"""The first steps of a training done twice, compiled and eager, and compared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pente.compiler.jit import Jitted
from pente.core.tensor import Variable
from pente.errors import VerificationError

__all__ = ["STEPS", "shadowed"]

STEPS = 3  # how many steps are compared
TOLERANCE = 1e-3  # of the largest number of a variable: sums are added in another order, and Adam divides by them
SMALL = 1e-4  # less is counted as this much: the gradient of a model that has learned is all rounding


def shadowed(
    program: Jitted, step: Callable[..., Any], batch: Sequence[Any], variables: Callable[[], Sequence[Variable]]
) -> Any:
    """Run the program, then the step from the same state; raise where they differ, and leave the eager state there."""
    program.lower(*batch)  # variables that are made on the way are there from now on
    before = {v: v.array for v in variables()}
    compiled = program(*batch)
    after = {v: v.array for v in before}
    for variable, array in before.items():
        variable.replace(array)
    step(*batch)
    for variable, got in after.items():
        _compare(variable, got, variable.array)
    for variable, array in after.items():
        variable.replace(array)
    return compiled


def _compare(variable: Variable, got: Any, wanted: Any) -> None:
    if np.array_equal(got, wanted, equal_nan=wanted.dtype.kind == "f"):
        return
    gap = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    scale = max(float(np.nanmax(np.abs(wanted), initial=0.0)), SMALL)
    if wanted.dtype.kind != "f" or not np.nanmax(gap) <= TOLERANCE * scale:
        place = np.unravel_index(int(np.nanargmax(gap)), gap.shape)
        raise VerificationError(
            f"{variable.name or 'a variable'}{list(map(int, place))} is {got[place]!r} after a compiled step and "
            f"{wanted[place]!r} after an eager one. The weights are those of the eager step; "
            "go on with compile(..., jit=False)."
        )
