"""Digits: a model from layers, trained, measured on writing it has not seen, and shown where it is wrong."""

from pathlib import Path

import numpy as np
from sketch import COLOURS, Sketch, image

import pente
from pente import Sequential, layers
from pente.data import load_digits, train_test_split


def main(folder: Path = Path(), epochs: int = 20) -> None:
    pente.set_seed(0)
    x, y = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y)

    model = Sequential(
        [
            layers.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    model.fit(x_train, y_train, epochs=epochs, batch_size=32, validation_split=0.1)

    loss, accuracy = model.evaluate(x_test, y_test)
    print(f"on {len(x_test)} digits it has not seen: loss {loss:.3f}, accuracy {accuracy:.1%}")
    probabilities = model.predict(x_test)
    print("picture:", least_sure(x_test, y_test, probabilities).save(folder / "digits.svg"))


def least_sure(x: np.ndarray, y: np.ndarray, probabilities: np.ndarray) -> Sketch:
    """The twelve digits for whose true class the model gave the least: what it said, and in brackets what was meant."""
    given = probabilities[np.arange(len(y)), y]
    answers = probabilities.argmax(axis=1)
    sketch = Sketch((0, 0), (60, 26), size=(600, 260))
    for place, i in enumerate(np.argsort(given)[:12]):
        left, top = 1 + place % 6 * 10, 25 - place // 6 * 13
        image(sketch, (left, top), x[i])
        words = f"{answers[i]} ({y[i]})"
        sketch.text((left + 4, top - 10), words, COLOURS[int(answers[i] != y[i])])
    return sketch


if __name__ == "__main__":
    main()
