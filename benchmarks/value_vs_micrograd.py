"""Does training with Value take longer than with micrograd?

micrograd's own demo: the two moons, a net 2-16-16-1, the max-margin loss with L2, and a falling learning rate. Both
engines run micrograd's own network code, so the loops and the first weights are the same; the losses must be, too.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

import micrograd.engine
import micrograd.nn
from measure import Report, race, ratio
from sklearn.datasets import make_moons

import pente

ENGINES = {"pente": pente.Value, "micrograd": micrograd.engine.Value}


def network(engine: Any) -> Any:
    """micrograd's MLP, built of the numbers of this engine."""
    micrograd.nn.Value = engine
    random.seed(1337)
    return micrograd.nn.MLP(2, [16, 16, 1])


def training(engine: Any, losses: list[float]) -> Iterator[None]:
    """One step at a time; plain floats and ints, which are the fastest for both."""
    points, classes = make_moons(n_samples=100, noise=0.1, random_state=1337)
    rows, labels = points.tolist(), (classes * 2 - 1).tolist()
    model = network(engine)
    for k in range(100):
        losses.append(step(engine, model, rows, labels, rate=1.0 - 0.9 * k / 100))
        yield


def step(engine: Any, model: Any, rows: list[list[float]], labels: list[int], rate: float) -> float:
    inputs = [list(map(engine, row)) for row in rows]
    scores = list(map(model, inputs))
    margins = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels, scores, strict=True)]
    data_loss = sum(margins) * (1.0 / len(margins))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    total = data_loss + reg_loss
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= rate * p.grad
    return float(total.data)


def main() -> None:
    with Report("Does training with Value take longer than with micrograd?", rounds=15) as report:
        losses: dict[str, list[float]] = {name: [] for name in ENGINES}
        steps = {name: training(engine, losses[name]).__next__ for name, engine in ENGINES.items()}
        times = race(steps, report.rounds)
        for ours, theirs in zip(losses["pente"], losses["micrograd"], strict=True):
            if not math.isclose(ours, theirs, rel_tol=1e-6):
                raise SystemExit(f"the losses differ, {ours} and {theirs}: the two did not do the same work")
        faster = ratio(times["micrograd"], times["pente"])
        last = losses["pente"][-1]
        row = {"": f"moons, one step (loss {last:.4f} in both)", **times, "micrograd / pente": faster}
        report.table("A training step of micrograd's demo", [row])


if __name__ == "__main__":
    main()
