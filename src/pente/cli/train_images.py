"""The work of ``pente train`` for a folder of images."""

import json as to_json
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console

from pente import __version__
from pente.cli.beside import Other, beside
from pente.cli.options import Job
from pente.cli.progress import progress
from pente.cli.saving import place_for
from pente.cli.train_report import facts_of_training, tell_next, tell_scores
from pente.images import MOST_EPOCHS, ImageFit, ImageParts, fit_parts, network, read_images
from pente.models import Sequential

__all__ = ["train_images"]


def train_images(job: Job) -> None:
    """Read, split, learn, measure, save, and tell."""
    place = place_for(job.data.resolve(), job.save)
    console = Console(highlight=False)
    parts = read_images(job.data, test_size=job.test_size, seed=job.seed)
    limit = job.epochs or MOST_EPOCHS
    if not job.json:
        _tell_plan(console, job.data, parts, network(parts, job.seed))
    listeners = [] if job.json else [progress(console, limit, ["loss", "val_loss"])]
    fitted = fit_parts(parts, epochs=limit, batch_size=job.batch_size, seed=job.seed, callbacks=listeners)
    fitted.model.save(place)
    other = _beside(parts) if job.compare else None
    if job.json:
        console.out(_as_json(fitted, other, job, place), highlight=False)
    else:
        title = f"{len(parts.held_out[1]):,} images held out"
        tell_scores(console, fitted, other, title=title, trivial="most common class", compare=job.compare)
        tell_next(console, job.data, place)


def _beside(parts: ImageParts) -> Other | None:
    """Others see an image as a row of its pixels."""
    learned, watched, held_out = ((x.reshape(len(x), -1), y) for x, y in (parts.learned, parts.watched, parts.held_out))
    both = np.concatenate([learned[0], watched[0]]), np.concatenate([learned[1], watched[1]])
    return beside(both, held_out)


def _tell_plan(console: Console, folder: Path, parts: ImageParts, model: Sequential) -> None:
    sizes = [len(part[1]) for part in (parts.learned, parts.watched, parts.held_out)]
    console.print(f"Pente {__version__} learns the classes of {folder}\n", style="bold", markup=False)
    told = "{:,} to learn from, {:,} to know when to stop, {:,} held out".format(*sizes)
    console.print(f"Images   {sum(sizes):,}: {told}")
    counts = Counter(np.concatenate([parts.learned[1], parts.watched[1], parts.held_out[1]]).tolist())
    names = [f"{name} ({counts[i]:,})" for i, name in enumerate(parts.class_names)]
    console.print(f"Classes  {len(names)}: {', '.join(names[:10])}{', …' * (len(names) > 10)}", markup=False)
    height, width = parts.encoder.image_size
    colours = "grey" if parts.encoder.channels == 1 else "in colour"
    console.print(f"Size     {height} by {width} pixels, {colours}")
    kinds = ", ".join(type(layer).__name__ for layer in model.layers if layer.trainable_weights)
    console.print(f"Network  {kinds}; {sum(w.size for w in model.trainable_weights):,} weights\n")


def _as_json(fitted: ImageFit, other: Other | None, job: Job, place: Path) -> str:
    parts = fitted.parts
    facts = {
        "data": str(job.data),
        "task": "classification",
        "class_names": parts.class_names,
        "images": {name: len(getattr(parts, name)[1]) for name in ("learned", "watched", "held_out")},
        "image_size": parts.encoder.image_size,
        "channels": parts.encoder.channels,
    }
    return to_json.dumps(facts | facts_of_training(fitted, other, place, job.seed))
