"""From which size on does Pente lose? A training step of a small net, at every width and batch.

width → width relu → 10, softmax cross-entropy, Adam 1e-3. Pente runs ``fit``; torch is eager with its fused Adam, the
better of one thread and two; JAX jits a step. A step's time is that of an epoch over its steps, as in training_step.
"""

from functools import partial
from typing import Any

from contenders import take_processors
from measure import Contender, Report, Timing, race, ratio
from workloads import numbers, ready, whole

from pente import Input, Sequential, layers
from pente.optimizers import Adam

WIDTHS = {str(n): n for n in (16, 32, 64, 128, 256, 512, 1024, 2048)}
BATCHES = {str(n): n for n in (1, 8, 32, 128, 512, 1024)}
PEERS = ("torch", "jax")
CALLS = {"torch": ("torch, 1 thread", "torch, 2 threads"), "jax": ("jax",)}


def steps_of(width: int, batch: int) -> int:
    """As many as take some 20 ms: a step has six operations a weight and row, and a share that never goes away."""
    seconds = 2e-5 + 6 * width * (width + 10) * (batch + 8) / 1e11
    return max(2, min(500, round(0.02 / seconds)))


def in_pente(width: int, x: Any, y: Any, batch: int) -> tuple[Contender, int]:
    model = Sequential([Input((width,)), layers.Dense(width, "relu"), layers.Dense(10)])
    work = ready(model, Adam(1e-3), True, x, y, batch)
    return lambda: work.model.fit(x, y, batch_size=batch, verbose=0), model.count_params()


def in_peer(who: str, x: Any, y: Any, batch: int) -> tuple[Contender, int]:
    if who == "jax":
        import peers_jax

        return peers_jax.trainer("square", x, y, batch)
    import peers_torch

    return peers_torch.trainer("square", x, y, batch, threads=1 if "1 thread" in who else 2)


def measured(width: int, batch: int, report: Report) -> dict[str, Timing]:
    """The time of a step of each contender."""
    steps = steps_of(width, batch)
    data = numbers(batch * steps, width), whole(10, batch * steps), batch
    epoch, count = in_pente(width, *data)
    epochs = {"pente": epoch}
    for who in (who for peer in report.chosen["peers"] for who in CALLS[peer]):
        made = report.tried(f"{who}, width {width}, batch {batch}", partial(in_peer, who, *data))
        if made is not None and made[1] != count:
            raise SystemExit(f"{who} has {made[1]:,} numbers, Pente's net {count:,}.")
        epochs |= {who: made[0]} if made is not None else {}
    times = race(epochs, report.rounds, least=0.01)
    return {who: time / steps for who, time in times.items()}


def best_peer(times: dict[str, Timing]) -> str:
    return min((who for who in times if who != "pente"), key=lambda who: times[who].median, default="pente")


def grid(found: dict[tuple[str, str], Any], report: Report) -> list[dict[str, Any]]:
    """A row a width, a column a batch."""
    batches = report.chosen["batches"]
    rows = report.chosen["widths"]
    return [{"": f"width {w}", **{f"batch {b}": found[w, b] for b in batches}} for w in rows]


def main() -> None:
    question = "From which size on does Pente lose?"
    with Report(question, rounds=3, widths=WIDTHS, batches=BATCHES, peers=PEERS) as report:
        take_processors()
        cells = [(w, b) for w in report.chosen["widths"] for b in report.chosen["batches"]]
        found = {(w, b): measured(WIDTHS[w], BATCHES[b], report) for w, b in cells}
        best = {cell: best_peer(times) for cell, times in found.items()}
        ratios = {cell: ratio(times["pente"], times[best[cell]]) for cell, times in found.items()}
        lost = [cell for cell in cells if ratios[cell] > 1]
        report.table("pente / best", grid({c: f"{ratios[c]:.2f}{'!' * (c in lost)}" for c in cells}, report))
        report.table("Pente's step", grid({c: found[c]["pente"] for c in cells}, report))
        report.table("The best peer's", grid({c: f"{found[c][best[c]]} {best[c]}" for c in cells}, report))
        told = ", ".join(f"{w}×{b} ({ratios[w, b]:.2f}, {best[w, b]})" for w, b in lost)
        report.note(f"Pente loses in {len(lost)} of {len(cells)} (width×batch){': ' * bool(lost)}{told}.")


if __name__ == "__main__":
    main()
