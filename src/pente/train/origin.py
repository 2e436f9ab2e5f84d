"""Where a number that is not finite comes from: the first place on the way of one training step."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pente import tree
from pente.autodiff.watching import Found
from pente.core.tensor import Variable
from pente.errors import PenteError
from pente.train.snapshot import Snapshot

__all__ = ["leap_of", "origin_of", "rows_that_stand_out"]

HUGE = 1e15  # what such a number is multiplied by, or raised to, soon leaves float32
STANDS_OUT = 1000.0  # times what the median row has
ADVICE = "Try a smaller learning rate, or clipnorm=1.0 in the optimizer."


def origin_of(model: Any, batch: tuple[Any, Any, Any], after: Snapshot) -> str:
    """What this step, from the state in which the model is now, makes first that is not finite, in a sentence or two.

    ``after`` is the state that the step leads to. In the order of the computation: inputs, weights, outputs of layers,
    loss, gradients, new weights.
    """
    for name, part in zip(("x", "y", "sample_weight"), batch, strict=True):
        if (bad := _bad(part)) is not None:
            return f"{name} itself holds {bad}."
    weights = [v for v in model.variables if _bad(v.array) is not None]
    if weights:
        return f"It was there before: {weights[0].name} holds {_bad(weights[0].array)}."
    try:
        logs, found = model._watched("train_step", ("*",), *batch, keep=False)
    except PenteError as error:
        return f"The step cannot be watched inside: {error}"
    return _in_layers(model, logs, found) or _in_gradients(model, found) or _in_update(after) or ADVICE


def leap_of(weights: Iterable[Variable], before: Snapshot, after: Snapshot) -> str:
    """The weight that a step made a thousand times larger than any was, in words; nothing where there is none."""
    sizes = [(_size(after.values[v]), v) for v in weights if v.trainable]
    largest, variable = max(sizes, key=lambda each: each[0], default=(0.0, None))
    usual = max((_size(before.values[v]) for _, v in sizes), default=0.0)
    if variable is None or largest <= STANDS_OUT * max(usual, 1e-3):
        return ""
    return f"made {variable.name} grow to {largest:.3g}, where no weight was beyond {usual:.3g}"


def _size(array: Any) -> float:
    return float(np.abs(array).max(initial=0.0))


def _in_layers(model: Any, logs: Any, found: Found) -> str:
    """The first output that is not finite; or the loss, where all of them are."""
    least, most = np.inf, -np.inf
    for path, value in _calls(model, found, "value"):
        if (bad := _bad(value)) is not None:
            return f"First not finite: the output of {path}, which holds {bad}; all before it is finite. {ADVICE}"
        least, most = min(least, _least(value)), max(most, _most(value))
    if not np.isfinite(float(logs.get("loss", 0.0))):
        if max(-least, most) > HUGE:
            return f"First not finite: the loss itself, of outputs as far as {max(most, least, key=abs):.3g}. {ADVICE}"
        return (
            f"First not finite: the loss itself. All layers gave numbers, from {least:.3g} to {most:.3g}: look at what "
            "the loss does with them, a logarithm or a division."
        )
    return ""


def _in_gradients(model: Any, found: Found) -> str:
    """The first gradient that is not finite, from the loss backwards: into a layer's output, or its weight."""
    layers = list(_calls(model, found, "gradient"))
    weights = {name: found[name].gradient for name in model.named_state() if name in found}
    for path, gradient in reversed(layers):
        if (bad := _bad(gradient)) is not None:
            return f"First not finite: the gradient that reaches the output of {path}, which holds {bad}. {ADVICE}"
        for name in [name for name in weights if name.rpartition("/")[0] == path]:
            if (bad := _bad(weights.pop(name))) is not None:
                return f"First not finite: the gradient of {name}, which holds {bad}; outputs are finite. {ADVICE}"
    late = next((name for name, gradient in weights.items() if _bad(gradient) is not None), None)
    return f"First not finite: the gradient of {late}, which holds {_bad(weights[late])}. {ADVICE}" if late else ""


def _in_update(after: Snapshot) -> str:
    """The first Variable that the step made not finite, although all gradients were."""
    for variable, array in after.values.items():
        if variable.trainable and (bad := _bad(array)) is not None:
            what = f"{variable.name} after the update, which holds {bad}; its gradient is finite"
            return f"First not finite: {what}. {ADVICE}"
    return ""


def _calls(model: Any, found: Found, what: str) -> Iterator[tuple[str, Any]]:
    """Path and value, or gradient, of each call of each layer, in the order in which they were done."""
    known = model.named_state()
    for path, each in found.items():
        if path not in known:
            for call in each if isinstance(each, list) else [each]:
                yield path, getattr(call, what)


def _bad(value: Any) -> str | None:
    """How much of a tree of arrays is nan or infinite; None where all is finite."""
    arrays = [array for array in _arrays(value) if array.dtype.kind in "fc"]
    count = sum(int((~np.isfinite(array)).sum()) for array in arrays)
    if not count:
        return None
    kind = "nan" if any(np.isnan(array).any() for array in arrays) else "infinity"
    return f"{kind} ({count:,} of {sum(array.size for array in arrays):,} numbers)"


def _arrays(value: Any) -> list[Any]:
    return [np.asarray(getattr(x, "data", x)) for x in tree.leaves(value) if x is not None]


def _least(value: Any) -> float:
    return min((float(array.min()) for array in _arrays(value) if array.size and array.dtype.kind in "fiu"), default=0)


def _most(value: Any) -> float:
    return max((float(array.max()) for array in _arrays(value) if array.size and array.dtype.kind in "fiu"), default=0)


def rows_that_stand_out(batch: tuple[Any, Any, Any], rows: Any) -> str:
    """The rows of x or y in which a number is far from those of the others, or is none; nothing where there is none.

    ``rows`` are the numbers of the batch's rows in the data, if known.
    """
    for name, part in zip("xy", batch, strict=False):
        for array in _arrays(part):
            if array.dtype.kind == "f" and array.ndim and len(array):
                largest = np.abs(array.reshape(len(array), -1)).max(axis=1, initial=0.0)
                usual = float(np.nanmedian(largest))
                far = np.flatnonzero(~(largest <= STANDS_OUT * max(usual, 1e-30)))
                if len(far):
                    return _told(name, far, largest, usual, rows)
    return ""


def _told(name: str, far: Any, largest: Any, usual: float, rows: Any) -> str:
    places = far if rows is None else np.asarray(rows)[far]
    shown = ", ".join(map(str, places[:5])) + (f" and {len(far) - 5} more" if len(far) > 5 else "")
    whose = "of the batch" if rows is None else f"of {name}"
    return (
        f"Look at row{'s' if len(far) > 1 else ''} {shown} {whose}: numbers up to {largest[far[0]]:.3g}, where others "
        f"have up to {usual:.3g}."
    )
