"""A sum from far apart: of fifty numbers two are marked, and a GRU has to add these two. It reads one number a step."""

from math import ceil
from pathlib import Path

import numpy as np
from sketch import COLOURS, Sketch

import pente
from pente import Sequential, layers

BASELINE = 1 / 6  # the variance of the sum of two numbers from 0 to 1: what the answer "1", always, is wrong by


def adding(count: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x (count, steps, 2): a number from 0 to 1, and 1 where it counts; y (count, 1): the sum of the two that do."""
    rng = np.random.default_rng(seed)
    numbers = rng.random((count, steps))
    first, second = rng.integers(steps // 2, size=count), rng.integers(steps // 2, steps, size=count)
    marks = np.zeros((count, steps))
    rows = np.arange(count)
    marks[rows, first] = marks[rows, second] = 1
    total = numbers[rows, first] + numbers[rows, second]
    return np.stack([numbers, marks], axis=2).astype(np.float32), total[:, None].astype(np.float32)


def main(folder: Path = Path(), epochs: int = 12) -> None:
    pente.set_seed(0)
    x, y = adding(10_000, steps=50, seed=1)
    model = Sequential([layers.Input((None, 2)), layers.GRU(64), layers.Dense(1)])
    rate = pente.schedules.CosineDecay(5e-3, decay_steps=epochs * ceil(len(x) / 64))
    model.compile(optimizer=pente.optimizers.Adam(rate, clipnorm=1.0), loss="mse")
    history = model.fit(x, y, epochs=epochs, batch_size=64, verbose=0)
    for epoch in range(0, epochs, 3):
        print(f"epoch {epoch + 1:2}   loss {history.history['loss'][epoch]:.4f}")

    print(f"always the mean: {BASELINE:.4f}")
    x_test, y_test = adding(2000, steps=50, seed=2)
    error = model.evaluate(x_test, y_test, verbose=0)
    print(f"the GRU on rows that it has not seen: {error:.5f}, {BASELINE / error:.0f} times better")
    print("picture:", scatter(y_test[:500], model.predict(x_test[:500], verbose=0)).save(folder / "adding.svg"))


def scatter(meant: np.ndarray, given: np.ndarray) -> Sketch:
    """Each answer over the sum that was meant; a right one lies on the line."""
    sketch = Sketch((-0.1, -0.1), (2.1, 2.1), size=(360, 360))
    sketch.curve([(0.0, 0.0), (2.0, 2.0)], COLOURS[1])
    sketch.points(np.hstack([meant, given]).tolist(), [COLOURS[0]] * len(meant))
    return sketch


if __name__ == "__main__":
    main()
