"""How long does an epoch on the digits take, eagerly? 64-64-10, relu, softmax cross-entropy, Adam 1e-3, batch 32."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from measure import Report, race, ratio
from sklearn.neural_network import MLPClassifier

import pente
from pente.data import load_digits

BATCH, TRAINED = 32, 1500
Net = tuple[Callable[[], object], Callable[[Any], Any]]  # one epoch; from images to digits


def batches(rng: np.random.Generator) -> Iterator[np.ndarray[Any, Any]]:
    """The row numbers of each batch, in a new order."""
    order = rng.permutation(TRAINED)
    return (order[start : start + BATCH] for start in range(0, TRAINED, BATCH))


def pente_model() -> tuple[Any, Any, Any]:
    model = pente.Sequential([pente.layers.Dense(64, activation="relu"), pente.layers.Dense(10)])
    return model, pente.losses.SparseCategoricalCrossentropy(from_logits=True), pente.optimizers.Adam(1e-3)


def in_pente_loop(x: Any, y: Any) -> Net:
    model, loss, optimizer = pente_model()
    rng = np.random.default_rng(0)
    model(x[:1])
    slope = pente.value_and_grad(lambda x, y: loss(y, model(x, training=True)), wrt=model)

    def epoch() -> None:
        for rows in batches(rng):
            optimizer.apply(slope(x[rows], y[rows])[1], model)

    return epoch, lambda x: model(x).numpy().argmax(1)


def in_pente_fit(x: Any, y: Any) -> Net:
    model, loss, optimizer = pente_model()
    model.compile(optimizer, loss, jit=False)
    return lambda: model.fit(x, y, batch_size=BATCH, verbose=0), lambda x: model(x).numpy().argmax(1)


def in_torch(x: Any, y: Any) -> Net:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    inputs, labels, rng = torch.tensor(x), torch.tensor(y), np.random.default_rng(0)

    def epoch() -> None:
        for rows in map(torch.from_numpy, batches(rng)):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs[rows]), labels[rows]).backward()
            optimizer.step()

    return epoch, lambda x: model(torch.tensor(x)).argmax(1).numpy()


def in_sklearn(x: Any, y: Any) -> Net:
    model = MLPClassifier((64,), alpha=0.0, batch_size=BATCH, learning_rate_init=1e-3, random_state=0)
    return lambda: model.partial_fit(x, y, classes=range(10)), model.predict


NETS: dict[str, Callable[[Any, Any], Net]] = {
    "pente, own loop": in_pente_loop,
    "pente, fit": in_pente_fit,
    "torch": in_torch,
    "scikit-learn": in_sklearn,
}


def main() -> None:
    with Report("How long does an epoch on the digits take, eagerly?", rounds=15) as report:
        torch.set_num_threads(1)  # the best setting for a net this small
        data = load_digits()
        x, y = data.x.reshape(-1, 64), data.y
        nets = {name: make(x[:TRAINED], y[:TRAINED]) for name, make in NETS.items()}
        times = race({name: epoch for name, (epoch, _) in nets.items()}, report.rounds)
        rows = [
            {
                "": name,
                "an epoch": times[name],
                "a step": times[name] / -(-TRAINED // BATCH),
                "against torch": ratio(times[name], times["torch"]),
                "right on the rest": f"{100 * np.mean(predict(x[TRAINED:]) == y[TRAINED:]):.1f} %",
            }
            for name, (_, predict) in nets.items()
        ]
        report.table("Digits, eager", rows)


if __name__ == "__main__":
    main()
