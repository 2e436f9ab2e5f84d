"""The work of ``pente train`` for a table."""

from typing import Any

import numpy as np
from rich.console import Console

from pente.cli.beside import beside
from pente.cli.options import Job
from pente.cli.progress import progress
from pente.cli.saving import place_for
from pente.cli.train_report import as_json, tell_plan, tell_result
from pente.data.table import read_table
from pente.tables.fitting import Parts, fit_parts, most_epochs, network, split_table

__all__ = ["train_table"]


def train_table(job: Job, target: str, *, task: str, types: dict[str, str], encoding: str | None) -> None:
    """Read, split, learn, measure, save, and tell."""
    place = place_for(job.data, job.save)
    console = Console(highlight=False)
    table = read_table(job.data, types=types, encoding=encoding)
    parts = split_table(table, target, task=task, test_size=job.test_size, seed=job.seed)
    limit = job.epochs or most_epochs(len(parts.learned))
    if not job.json:
        tell_plan(console, parts, network(parts.encoder, job.seed))
    listeners = [] if job.json else [progress(console, limit, ["loss", "val_loss"])]
    fitted = fit_parts(parts, epochs=limit, batch_size=job.batch_size, seed=job.seed, callbacks=listeners)
    fitted.model.save(place)
    other = beside(*_for_others(parts)) if job.compare else None
    if job.json:
        console.out(as_json(fitted, other, job, place), highlight=False)
    else:
        tell_result(console, fitted, other, job, place)


def _for_others(parts: Parts) -> Any:
    """What others may learn from, which is also what the network was watched by, and what is held out."""
    learned, watched, held_out = (
        (parts.encoder.transform(part), parts.encoder.labels(part))
        for part in (parts.learned, parts.watched, parts.held_out)
    )
    return tuple(np.concatenate(both) for both in zip(learned, watched, strict=True)), held_out
