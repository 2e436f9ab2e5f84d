"""What the demo tells: to a person in a terminal or a log, and to a program."""

import json
import platform
from collections import Counter

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from pente import __version__
from pente.cli.digits import Reading, Scans, Training
from pente.cli.scans import ASCII_SHADES, SHADES, draw_scan, side_by_side
from pente.models import Sequential

__all__ = ["as_json", "tell_plan", "tell_result"]

DRAWN = 12  # after a short training there may be hundreds

NEXT = """\
Train once more, from other first weights:  pente demo --seed 1
Read how it works, from one slope upwards:  docs/tutorial/01-chain-rule.md
Train a network of your own, in Python:

from pente import Sequential, data, layers
x, y = data.load_digits()
x, x_new, y, y_new = data.train_test_split(x, y, stratify=y)
hidden = layers.Dense(64, activation="relu")
output = layers.Dense(10, activation="softmax")
model = Sequential([layers.Flatten(), hidden, output])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=20, validation_data=(x_new, y_new))
"""


def tell_plan(console: Console, model: Sequential, learned: Scans, held: Scans) -> None:
    """Say what will be done with what."""
    widths = "-".join(str(layer.output_shape[-1]) for layer in model.layers)
    weights = sum(weight.size for weight in model.trainable_weights)
    scans = len(learned.y) + len(held.y)
    console.print(f"Pente {__version__} learns to read handwritten digits\n", style="bold")
    parts = f"{len(learned.y):,} to learn from, {len(held.y)} held out"
    console.print(f"Scans    {scans:,} by 13 writers, 8 by 8 pixels: {parts}")
    console.print(f"Network  {widths} units, {weights:,} weights\n")


def tell_result(console: Console, training: Training, reading: Reading) -> None:
    """Say how each digit was read, show what was misread, and how to go on."""
    console.print(_table(reading))
    _show_misread(console, reading)
    verdict = f"[bold]{reading.accuracy:.1%} of the {len(reading.digit)} scans held out are read correctly[/bold]"
    console.print(f"{verdict}, after {training.seconds:.1f} s of training.\n")
    console.print(NEXT, markup=False, soft_wrap=True, end="")


def _table(reading: Reading) -> Table:
    table = Table("Digit", "Scans", "Correct", "Recall", "Precision", "Misread as", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[:-1]:
        column.justify = "right"
    for digit, scans, correct, *shares in reading.tallies():
        counts = (str(number) for number in (digit, scans, correct))
        table.add_row(*counts, *map(_percent, shares), _mistaken_for(reading, digit))
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _mistaken_for(reading: Reading, digit: int) -> str:
    """What was read for this digit when it was misread, the most frequent first."""
    wrong = Counter(int(reading.digit[i]) for i in reading.misread if reading.scans.y[i] == digit)
    return ", ".join(f"{read}" if times == 1 else f"{read} ({times} times)" for read, times in wrong.most_common())


def _show_misread(console: Console, reading: Reading) -> None:
    if not reading.misread:
        return
    shades = ASCII_SHADES if console.options.ascii_only else SHADES
    drawings = [_captioned(reading, i, shades) for i in reading.misread[:DRAWN]]
    console.print(f"Misread: {len(reading.misread)}\n", style="bold")
    console.print(side_by_side(drawings, console.width), markup=False, soft_wrap=True, end="\n\n")
    if len(reading.misread) > DRAWN:
        console.print(f"and {len(reading.misread) - DRAWN} more\n")


def _captioned(reading: Reading, i: int, shades: str) -> list[str]:
    drawing = draw_scan(reading.scans.x[i], shades)
    return [*drawing, f"{reading.scans.y[i]} read as {reading.digit[i]}".center(len(drawing[0]))]


def as_json(training: Training, reading: Reading, *, seed: int, epochs: int) -> str:
    """All of it as one JSON object on one line; ``index`` is a scan's place in ``pente.data.load_digits()``."""
    index, truth, read = (part.tolist() for part in (reading.scans.row, reading.scans.y, reading.digit))
    facts = {
        "accuracy": reading.accuracy,
        "correct": reading.correct,
        "scans": len(truth),
        "digits": [tally._asdict() for tally in reading.tallies()],
        "misread": [{"index": index[i], "truth": truth[i], "read": read[i]} for i in reading.misread],
        "seconds": round(training.seconds, 3),
        "seed": seed,
        "epochs": epochs,
        "history": training.history,
        "versions": {"pente": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }
    return json.dumps(facts)
