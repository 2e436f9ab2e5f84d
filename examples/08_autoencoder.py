"""Digits through the eye of a needle: sixty-four pixels become two numbers, and sixty-four pixels again."""

from pathlib import Path

import numpy as np
from sketch import TEN_COLOURS, Sketch, image

import pente
from pente import Sequential, layers
from pente.data import load_digits, train_test_split


def main(folder: Path = Path(), epochs: int = 100) -> None:
    pente.set_seed(0)
    x, y = load_digits()
    x_train, x_test, _, y_test = train_test_split(x.reshape(-1, 64), y, test_size=0.2, stratify=y)

    encoder = Sequential([layers.Dense(128, "gelu"), layers.Dense(64, "gelu"), layers.Dense(2)], name="encoder")
    decoder = Sequential(
        [layers.Dense(64, "gelu"), layers.Dense(128, "gelu"), layers.Dense(64, "sigmoid")], name="decoder"
    )
    model = Sequential([layers.Input((64,)), encoder, decoder])
    model.compile(optimizer=pente.optimizers.Adam(2e-3), loss="mse")
    model.fit(x_train, x_train, epochs=epochs, batch_size=32, verbose=0)  # what comes out should be what went in

    error = model.evaluate(x_test, x_test, verbose=0)
    print(f"mean square of the error on {len(x_test)} scans it has not seen: {error:.4f}")
    print(f"the best plane through the training scans: {plane_error(x_train, x_test):.4f}")

    code = encoder.predict(x_test, verbose=0)
    print("picture:", plane(code, y_test).save(folder / "plane.svg"))
    first = [int(np.flatnonzero(y_test == digit)[0]) for digit in range(10)]
    back = model.predict(x_test[first], verbose=0)
    print("picture:", pairs(x_test[first], back).save(folder / "reconstructed.svg"))


def plane_error(x_train: np.ndarray, x_test: np.ndarray) -> float:
    """The same figure for the two main directions of the data: the best that an autoencoder without bends can do."""
    mean = x_train.mean(axis=0)
    directions = np.linalg.svd(x_train - mean, full_matrices=False)[2][:2]
    centred = x_test - mean
    return float(np.mean((centred - centred @ directions.T @ directions) ** 2))


def plane(code: np.ndarray, y: np.ndarray) -> Sketch:
    """Each scan as a point where its two numbers say, in the colour of its digit; each digit's name at its middle."""
    low, high = code.min(axis=0), code.max(axis=0)
    margin = (high - low) / 20
    sketch = Sketch(tuple(low - margin), tuple(high + margin), size=(480, 480))
    sketch.points(code.tolist(), [TEN_COLOURS[digit] for digit in y])
    for digit in range(10):
        sketch.text(tuple(np.median(code[y == digit], axis=0)), str(digit))
    return sketch


def pairs(scans: np.ndarray, back: np.ndarray) -> Sketch:
    """Each scan, and below it what is left of it."""
    sketch = Sketch((0, 0), (100, 20), size=(800, 160))
    for place, both in enumerate(zip(scans, back, strict=True)):
        for pixels, top in zip(both, (19, 9), strict=True):
            image(sketch, (1 + 10 * place, top), pixels.reshape(8, 8))
    return sketch


if __name__ == "__main__":
    main()
