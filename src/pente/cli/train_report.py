"""What ``pente train`` tells: to a person in a terminal or a log, and to a program."""

import json
import platform
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from pente import __version__
from pente.cli.beside import INSTALL, Other
from pente.cli.options import Job
from pente.data.table_columns import LeftOut, shown_number
from pente.models import Sequential
from pente.tables import TableFit
from pente.tables.fitting import Parts

__all__ = ["as_json", "facts_of_training", "shown_scores", "tell_next", "tell_plan", "tell_result", "tell_scores"]

SHOWN = 40  # columns; a table may have thousands
# How a score is called, and how it is shown.
SCORES: dict[str, tuple[str, Callable[[float], str]]] = {
    "accuracy": ("Accuracy", "{:.1%}".format),
    "auc": ("AUC", "{:.4f}".format),
    "log_loss": ("Log loss", "{:.4f}".format),
    "r2": ("R²", "{:.4f}".format),
    "mae": ("Mean abs. error", shown_number),
    "rmse": ("Root mean sq. error", shown_number),
}


def tell_plan(console: Console, parts: Parts, model: Sequential) -> None:
    """Say what will be learned from what."""
    encoder, source = parts.encoder, parts.learned.source
    sizes = [len(part) for part in (parts.learned, parts.watched, parts.held_out)]
    console.print(f"Pente {__version__} learns {encoder.target!r} from {source}\n", style="bold", markup=False)
    told = "{:,} to learn from, {:,} to know when to stop, {:,} held out".format(*sizes)
    console.print(f"Rows     {sum(sizes):,}: {told}")
    console.print(f"Target   {_target(parts)}", markup=False)
    widths = "-".join(str(n) for n in _widths(model, len(encoder.features)))
    console.print(f"Network  {widths} units, {sum(w.size for w in model.trainable_weights):,} weights")
    console.print(_columns(parts))
    _tell_notes(console, parts.notes)


def _target(parts: Parts) -> str:
    encoder = parts.encoder
    if encoder.class_names is None:
        values = encoder.labels(parts.learned)
        return f"numbers from {shown_number(values.min())} to {shown_number(values.max())} (regression)"
    counts: Counter[str] = Counter()
    for part in (parts.learned, parts.watched, parts.held_out):
        counts.update(part[str(encoder.target)].labels().tolist())
    names = encoder.class_names
    shown = ", ".join(f"{name} ({counts[name]:,})" for name in names[:10])
    return f"{len(names)} classes (classification): {shown}{', …' if len(names) > 10 else ''}"


def _widths(model: Sequential, features: int) -> list[int]:
    return [features, *(weight.shape[-1] for weight in model.trainable_weights if len(weight.shape) == 2)]


def _columns(parts: Parts) -> Grid:
    grid = Grid("Column", "Kind", "Used as", box=box.SIMPLE_HEAD, pad_edge=False)
    grid.columns[0].overflow = "fold"
    kinds = parts.learned.kinds
    columns = parts.encoder.columns
    for column in columns[:SHOWN]:
        used = f"left out: {column.told}" if isinstance(column, LeftOut) else column.told
        grid.add_row(_plain(column.name), kinds[column.name], _plain(used))
    if len(columns) > SHOWN:
        left = sum(isinstance(column, LeftOut) for column in columns[SHOWN:])
        grid.add_row("…", "", f"and {len(columns) - SHOWN} more, of which {left} are left out; --json names all")
    return grid


def _plain(text: str) -> str:
    """Text in which brackets are no markup."""
    return text.replace("[", r"\[")


def _tell_notes(console: Console, notes: list[str]) -> None:
    for note in notes:
        console.print(f"Note: {note}", markup=False, soft_wrap=True)
    if notes:
        console.print()


def tell_result(console: Console, fitted: TableFit, other: Other | None, job: Job, place: Path) -> None:
    """Say how well it went, beside what others do, and how to go on."""
    title = f"{len(fitted.parts.held_out):,} rows held out"
    trivial = "most common class" if fitted.encoder.class_names else "mean"
    rows = len(fitted.parts.learned) + len(fitted.parts.watched)
    then = f", so it learned as long once more, from {rows:,} rows"
    tell_scores(console, fitted, other, title=title, trivial=trivial, compare=job.compare, then=then)
    tell_next(console, job.data, place)


def tell_scores(
    console: Console, fitted: Any, other: Other | None, *, title: str, trivial: str, compare: bool, then: str = ""
) -> None:
    """The scores of a fit of a table or of images, beside the other's; how to get that where it should be there."""
    epochs = len(fitted.history["loss"])
    line = f"\nBest after epoch {fitted.best_epoch} of {epochs}{then}; {fitted.seconds:.1f} s.\n"
    console.print(line, soft_wrap=True)
    rows = {"Pente": fitted.scores}
    if other is not None:
        rows |= {f"scikit-learn, {other.name}": other.scores}
    console.print(_scores(title, rows | {trivial: fitted.baseline}))
    if _learned_nothing(fitted):
        told = f"No better than the {trivial}: the data does not show what decides the target, or has too few rows.\n"
        console.print(told, soft_wrap=True)
    if compare and other is None:
        console.print(f"scikit-learn's score beside it: {INSTALL}\n", markup=False)


def _learned_nothing(fitted: Any) -> bool:
    """Whether the score, less being better, is not below that of who never looks at a row."""
    common = [name for name in ("log_loss", "rmse") if name in fitted.scores and name in fitted.baseline]
    return any(fitted.scores[name] >= fitted.baseline[name] for name in common)


def tell_next(console: Console, data: Path, place: Path) -> None:
    """Where the model is, and what to type next."""
    size = place.stat().st_size
    console.print(f"Saved    {place} ({size / 1000:,.0f} kB)", markup=False, soft_wrap=True)
    console.print(f"Next     pente predict {_word(place)} {_word(data)}", markup=False, soft_wrap=True)


def _scores(title: str, rows: dict[str, dict[str, float]]) -> Grid:
    names = [name for name in SCORES if any(name in found for found in rows.values())]
    grid = Grid(title, *(SCORES[name][0] for name in names), box=box.SIMPLE_HEAD, pad_edge=False)
    for column in grid.columns[1:]:
        column.justify = "right"
    for who, found in rows.items():
        grid.add_row(who, *(SCORES[name][1](found[name]) if name in found else "-" for name in names))
    return grid


def shown_scores(found: dict[str, float]) -> str:
    """Scores in one line.

    >>> shown_scores({"accuracy": 0.951, "auc": 0.98})
    'accuracy 95.1%, AUC 0.9800'
    """
    return ", ".join(f"{_lower(SCORES[name][0])} {SCORES[name][1](value)}" for name, value in found.items())


def _lower(title: str) -> str:
    return title if title[1:2].isupper() or not title.isascii() else title[0].lower() + title[1:]


def _word(path: Path) -> str:
    """A path as a shell takes it."""
    import shlex

    return shlex.quote(str(path))


def as_json(fitted: TableFit, other: Other | None, job: Job, place: Path) -> str:
    """All of it as one JSON object on one line."""
    encoder, parts = fitted.encoder, fitted.parts
    facts: dict[str, Any] = {
        "data": str(job.data),
        "target": encoder.target,
        "task": encoder.task,
        "class_names": encoder.class_names,
        "rows": {name: len(getattr(parts, name)) for name in ("learned", "watched", "held_out")},
        "columns": [_column(column, parts.learned.kinds) for column in encoder.columns],
        "notes": fitted.notes,
    }
    return json.dumps(facts | facts_of_training(fitted, other, place, job.seed))


def facts_of_training(fitted: Any, other: Other | None, place: Path, seed: int) -> dict[str, Any]:
    """What there is to tell of a fit of a table or of images alike."""
    return {
        "scores": fitted.scores,
        "baseline": fitted.baseline,
        "scikit_learn": None if other is None else {"name": other.name, "scores": other.scores},
        "epochs": len(fitted.history["loss"]),
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 3),
        "history": fitted.history,
        "model": str(place),
        "seed": seed,
        "versions": {"pente": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }


def _column(column: Any, kinds: dict[str, str]) -> dict[str, Any]:
    used = not isinstance(column, LeftOut)
    return {"name": column.name, "kind": kinds[column.name], "used": used, "told": column.told}
