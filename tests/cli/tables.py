"""Tables as files, for the tests of commands that read them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets


def write(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def of_scikit_learn(folder: Path, name: str) -> Path:
    """One of scikit-learn's data sets; classes by their names."""
    found = getattr(datasets, f"load_{name}")()
    names = getattr(found, "target_names", None)
    target = found.target if name in ("diabetes", "digits") else np.asarray(names)[found.target]
    rows = ([*x, y] for x, y in zip(found.data.tolist(), target.tolist(), strict=True))
    return write(folder / f"{name}.csv", [*found.feature_names, "target"], rows)


def customers(folder: Path, rows: int = 400, seed: int = 0, **changed: Any) -> Path:
    """Numbers, categories, dates and truth values, with gaps, an identifier and a constant; who buys can be told."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    city = rng.choice(["Oslo", "Bergen", "Bodø"], rows)
    member = rng.choice(["yes", "no"], rows)
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, rows).astype("timedelta64[D]")
    score = (age - 48) / 10 + 2 * (city == "Oslo") - 2 * (member == "yes") + rng.normal(0, 0.5, rows)
    columns: dict[str, Any] = {
        "customer_id": [f"C{i:05d}" for i in range(rows)],
        "age": ["" if rng.random() < 0.05 else value for value in age.tolist()],
        "city": city.tolist(),
        "member": member.tolist(),
        "since": days.astype(str).tolist(),
        "currency": ["EUR"] * rows,
        "buys": np.where(score > 0, "buys", "leaves").tolist(),
    } | changed
    return write(folder / f"customers{seed}.csv", list(columns), zip(*columns.values(), strict=True))
