"""Which Variables a step changes, and by which gradients."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pente import tree
from pente.core.tensor import Variable
from pente.errors import GradientError, ShapeError, UsageError

__all__ = ["paired", "variables_of"]


def variables_of(model: Any) -> list[Variable]:
    """The trainable Variables of a model, or all of a tree or iterator of Variables."""
    given = getattr(model, "trainable_variables", model)
    found = tree.leaves(list(given) if isinstance(given, Iterator) else given)
    for v in found:
        if not isinstance(v, Variable):
            raise UsageError(f"an optimizer changes a model or a list of Variables, and not {type(v).__name__}.")
    if len(set(map(id, found))) < len(found):
        raise UsageError("a Variable stands twice in the list that the optimizer was given: name each once.")
    return found


def paired(grads: Any, model: Any) -> tuple[list[Any], list[Variable]]:
    """The gradients and the Variables that they belong to, without the frozen ones.

    Raises GradientError where the numbers differ or a gradient is None, and ShapeError where shapes differ.
    """
    variables, given = variables_of(model), tree.leaves(grads, gaps=True)
    if len(given) != len(variables):
        raise GradientError(
            f"{len(given)} gradients for {len(variables)} trainable variables. Compute them with respect to the same "
            "model: pente.value_and_grad(loss, wrt=model), or tape.gradient(loss, model.trainable_variables)."
        )
    pairs = [(g, v) for g, v in zip(given, variables, strict=True) if v.trainable]
    if not pairs:
        raise UsageError(
            "nothing to train: all variables are frozen, or the model was never called and has none. To train all of "
            "them write model.unfreeze()."
        )
    _check(pairs)
    return [g for g, _ in pairs], [v for _, v in pairs]


def _check(pairs: list[tuple[Any, Variable]]) -> None:
    missing = [_label(v) for g, v in pairs if g is None]
    if missing:
        raise GradientError(
            f"no gradient for {', '.join(missing)}: backward() was not called, or the loss does not depend on it. "
            "Write loss.backward() before; or freeze it (trainable = False), or leave it out of the list."
        )
    for g, v in pairs:
        shape = g.shape if hasattr(g, "shape") else np.shape(g)
        if shape != v.shape:
            raise ShapeError(f"{_label(v)} has shape {v.shape}, and its gradient {shape}.")


def _label(variable: Variable) -> str:
    return variable.name or f"a variable of shape {variable.shape}"
