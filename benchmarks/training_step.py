"""How long does a training step take, beside PyTorch, JAX and Keras? Six nets, data in memory, two threads for each.

An epoch goes through all of the data in a new order and tells its mean loss; a step's time is the epoch's over its
steps. Pente and Keras run ``fit``; torch is eager with its fused optimizer, or compiles the net and its loss; JAX jits
a step, or the whole epoch as one scan. Each Keras has a process of its own, since it has one backend for good.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from contenders import NETS, PEERS, contenders, framework, take_processors, trainer
from measure import Elsewhere, Report, Timing, race, ratio

STEPS = {"mlp": 500, "tabular": 200, "cnn": 6, "lstm": 20, "gpt": 6, "resnet18": 2}  # in an epoch


def begun(contender: str, name: str, processes: ExitStack) -> tuple[Callable[[], object], object]:
    """An epoch of this contender, and the mean loss of its first."""
    given = (contender, name, STEPS[name])
    apart = framework(contender) == "keras"
    epoch = processes.enter_context(Elsewhere(trainer, *given)) if apart else trainer(*given)
    return epoch, epoch()


def trained(name: str, report: Report) -> tuple[dict[str, Timing], dict[str, str]]:
    """The time of a step of each contender, and the mean loss of its first epoch and of its last."""
    nets, firsts, losses = {}, {}, {}
    with ExitStack() as processes:
        for contender in contenders(name, report.chosen["peers"]):
            found = report.tried(f"{contender}, {name}", partial(begun, contender, name, processes))
            if found is not None:
                nets[contender], firsts[contender] = found
        times = race(nets, report.rounds)
        for contender, epoch in nets.items():
            losses[contender] = f"{firsts[contender]:.3g} → {epoch():.3g}"
    return {contender: time / STEPS[name] for contender, time in times.items()}, losses


def summary(name: str, times: dict[str, Timing], peers: Sequence[str]) -> dict[str, Any]:
    """Each framework at its best setting, and Pente against the best of all."""
    row: dict[str, Any] = {"": name, "pente": times["pente"]}
    for peer in peers:
        own = [time for contender, time in times.items() if framework(contender) == peer]
        row[peer] = min(own, key=lambda time: time.median, default="–")
    others = {contender: time for contender, time in times.items() if contender != "pente"}
    best = min(others, key=lambda contender: others[contender].median, default="pente")
    return row | {"best peer": best, "pente / best": ratio(times["pente"], times[best])}


def table(names: Sequence[str], found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a contender, a column a net: a dash where it takes no part."""
    rows = [contender for contender in NETS if any(contender in column for column in found)]
    columns = list(zip(names, found, strict=True))
    return [{"": who, **{name: column.get(who, "–") for name, column in columns}} for who in rows]


def main() -> None:
    question = "How long does a training step take, beside PyTorch, JAX and Keras?"
    with Report(question, rounds=5, only=STEPS, peers=PEERS) as report:
        take_processors()
        names, peers = report.chosen["only"], report.chosen["peers"]
        times, losses = zip(*(trained(name, report) for name in names), strict=True)
        rows = [summary(name, own, peers) for name, own in zip(names, times, strict=True)]
        report.table("A training step, each framework at its best setting", rows)
        report.table("A training step, all settings", table(names, times))
        report.table("Mean loss of the first epoch and of the last", table(names, losses))


if __name__ == "__main__":
    main()
