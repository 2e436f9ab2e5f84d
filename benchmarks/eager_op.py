"""What does one small operation cost, beside torch?"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from measure import Report, race, ratio

import pente

Case = Callable[[Any, Any], Any]

# In each case two arrays of one shape; x and y are tensors of either library, whose methods have the same names here.
FORWARD: dict[str, tuple[tuple[int, ...], Case]] = {
    "x * y, 3": ((3,), lambda x, y: x * y),
    "x + 2.0, 3": ((3,), lambda x, y: x + 2.0),
    "tanh x, 3": ((3,), lambda x, y: x.tanh()),
    "x.sum(), 3": ((3,), lambda x, y: x.sum()),
    "x[0], 3": ((3,), lambda x, y: x[0]),
    "x.reshape, 8×8": ((8, 8), lambda x, y: x.reshape(64)),
    "x @ y, 8×8": ((8, 8), lambda x, y: x @ y),
    "x > y, 8×8": ((8, 8), lambda x, y: x > y),
}
WITH_GRADIENT: dict[str, tuple[tuple[int, ...], Case]] = {
    "(x * y).sum(), 3": ((3,), lambda x, y: (x * y).sum()),
    "tanh x, 3": ((3,), lambda x, y: x.tanh().sum()),
    "(x @ y).sum(), 8×8": ((8, 8), lambda x, y: (x @ y).sum()),
    "tanh(x @ y + x).sum(), 8×8": ((8, 8), lambda x, y: (x @ y + x).tanh().sum()),
    "((x - y) ** 2).mean(), 8×8": ((8, 8), lambda x, y: ((x - y) ** 2).mean()),
}


def tensors(shape: tuple[int, ...], gradient: bool) -> dict[str, list[Any]]:
    """The same two random arrays, in both libraries."""
    arrays = np.random.default_rng(0).standard_normal((2, *shape), np.float32)
    return {
        "pente": [pente.tensor(a, requires_grad=gradient) for a in arrays],
        "torch": [torch.tensor(a, requires_grad=gradient) for a in arrays],
    }


def forward(case: Case, given: list[Any]) -> Callable[[], object]:
    x, y = given
    return lambda: case(x, y)


def forward_and_backward(case: Case, given: list[Any]) -> Callable[[], object]:
    x, y = given

    def run() -> None:
        x.grad = y.grad = None
        case(x, y).backward()

    return run


def compare(report: Report, title: str, cases: dict[str, tuple[tuple[int, ...], Case]], run: Any, grad: bool) -> None:
    rows = []
    for name, (shape, case) in cases.items():
        times = race({who: run(case, given) for who, given in tensors(shape, grad).items()}, report.rounds, least=0.005)
        rows.append({"": name, **times, "pente / torch": ratio(times["pente"], times["torch"])})
    report.table(title, rows)


def main() -> None:
    with Report("What does one small operation cost, beside torch?", rounds=31) as report:
        torch.set_num_threads(1)  # the best setting for arrays this small
        compare(report, "Forward, no gradient wanted", FORWARD, forward, grad=False)
        compare(report, "Forward, recorded for a gradient", FORWARD, forward, grad=True)
        compare(report, "Forward and backward()", WITH_GRADIENT, forward_and_backward, grad=True)


if __name__ == "__main__":
    main()
