"""Two scans in, two answers out: which one shows the larger digit, and what is the sum? Both are read by one eye."""

from pathlib import Path

import numpy as np
from sketch import COLOURS, Sketch, image

import pente
from pente import Input, Model, Sequential, layers
from pente.data import load_digits, train_test_split


def main(folder: Path = Path(), epochs: int = 15) -> None:
    pente.set_seed(0)
    x, y = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y)
    inputs, targets = pairs(x_train, y_train, count=40000, seed=1)
    exam, solutions = pairs(x_test, y_test, count=2000, seed=2)

    eye = Sequential(
        [layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.3), layers.Dense(32, "relu")], name="eye"
    )
    left, right = Input((8, 8), name="left"), Input((8, 8), name="right")
    both = layers.Concatenate()([eye(left), eye(right)])  # one layer, called twice: one set of weights
    thought = layers.Dense(64, "relu")(both)
    outputs = {
        "larger": layers.Dense(1, activation="sigmoid", name="larger")(thought),
        "sum": layers.Dense(19, activation="softmax", name="sum")(thought),  # from 0 to 18
    }
    model = Model({"left": left, "right": right}, outputs)
    model.compile(
        optimizer=pente.optimizers.Adam(1e-3),
        loss={"larger": "binary_crossentropy", "sum": "sparse_categorical_crossentropy"},
        loss_weights={"larger": 1.0, "sum": 0.5},
        metrics={"larger": ["accuracy"], "sum": ["accuracy"]},
    )
    model.summary()
    model.fit(inputs, targets, epochs=epochs, batch_size=64, verbose=0)

    measured = model.evaluate(exam, solutions, verbose=0, return_dict=True)
    print({name: round(value, 3) for name, value in measured.items()})
    answers = model.predict(exam, verbose=0)
    print(f"on {len(exam['left'])} pairs of scans it has not seen:")
    print(f"the larger one is found in {measured['larger_accuracy']:.1%}")
    print(f"the sum is right in {measured['sum_accuracy']:.1%}")
    print("picture:", gallery(exam, answers, solutions).save(folder / "pairs.svg"))


def pairs(x: np.ndarray, y: np.ndarray, count: int, seed: int) -> tuple[dict, dict]:
    """So many pairs of two different digits, and for each: whether the right one is larger, and the sum."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(len(x), size=(2, count * 2))
    differ = np.flatnonzero(y[left] != y[right])[:count]
    left, right = left[differ], right[differ]
    return {"left": x[left], "right": x[right]}, {"larger": y[right] > y[left], "sum": y[left] + y[right]}


def gallery(exam: dict, answers: dict, solutions: dict) -> Sketch:
    """Ten pairs with the model's two answers, in orange where one is wrong."""
    sketch = Sketch((0, 0), (115, 26), size=(920, 208))
    for place in range(10):
        x, top = 2 + place % 5 * 23, 25 - place // 5 * 13
        image(sketch, (x, top), exam["left"][place])
        image(sketch, (x + 11, top), exam["right"][place])
        larger, total = answers["larger"][place, 0] > 0.5, answers["sum"][place].argmax()
        wrong = larger != solutions["larger"][place] or total != solutions["sum"][place]
        sketch.text((x + 9.5, top - 10), f"{'<' if larger else '>'}   sum {total}", COLOURS[int(wrong)])
    return sketch


if __name__ == "__main__":
    main()
