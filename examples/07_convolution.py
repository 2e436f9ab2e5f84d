"""Digits with a convolution: one set of weights for every place, scans pushed a little to all sides, five seeds."""

from math import ceil
from pathlib import Path
from statistics import median

import numpy as np
from sketch import COLOURS, Sketch, image

import pente
from pente import Sequential, layers
from pente.data import load_digits, train_test_split

SHIFTS = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]


def shifted(x: np.ndarray, down: int, right: int) -> np.ndarray:
    """The scans, moved by a pixel: what a convolution reads must not depend on where the writer began."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 - down : 9 - down, 1 - right : 9 - right]


def block(filters: int) -> list[layers.Layer]:
    """A convolution that keeps the size of the picture, its values brought to scale, and what is below 0 cut off."""
    convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization(), layers.ReLU()]


def convolutional() -> Sequential:
    return Sequential(
        [
            layers.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            *block(32),
            *block(64),
            layers.MaxPooling2D(),
            *block(64),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )


def trained(seed: int, epochs: int) -> tuple[float, list[tuple[np.ndarray, int, int]]]:
    """Split, train and measure, all by this seed: the accuracy, and each misread scan with its digit and the answer."""
    pente.set_seed(seed)
    x, y = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, seed=seed)
    x_train = np.concatenate([shifted(x_train, *shift) for shift in SHIFTS])
    y_train = np.tile(y_train, len(SHIFTS))

    model = convolutional()
    rate = pente.schedules.CosineDecay(2e-3, decay_steps=epochs * ceil(len(x_train) / 64))  # small steps at the end
    model.compile(pente.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    if seed == 0:
        model.summary()
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, verbose=0)

    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    answers = model.predict(x_test, verbose=0).argmax(axis=1)
    return accuracy, [(x_test[i], int(y_test[i]), int(answers[i])) for i in np.flatnonzero(answers != y_test)]


def main(folder: Path = Path(), epochs: int = 12, seeds: int = 5) -> None:
    accuracies, misread = [], []
    for seed in range(seeds):
        accuracy, wrong = trained(seed, epochs)
        print(f"seed {seed}: accuracy {accuracy:.2%} on scans it has not seen, {len(wrong)} misread")
        accuracies.append(accuracy)
        misread += wrong
    print(f"median of {seeds} seeds: accuracy {median(accuracies):.2%}")
    print("picture:", gallery(misread[:12]).save(folder / "misread.svg"))


def gallery(misread: list[tuple[np.ndarray, int, int]]) -> Sketch:
    """Up to twelve scans: what the model read, and in brackets what was meant."""
    sketch = Sketch((0, 0), (60, 26), size=(600, 260))
    for place, (scan, meant, read) in enumerate(misread):
        left, top = 1 + place % 6 * 10, 25 - place // 6 * 13
        image(sketch, (left, top), scan)
        sketch.text((left + 4, top - 10), f"{read} ({meant})", COLOURS[1])
    return sketch


if __name__ == "__main__":
    main()
