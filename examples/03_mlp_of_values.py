"""A multi-layer perceptron of Values: 105 numbers with gradients learn to tell two half moons apart."""

from itertools import pairwise
from pathlib import Path
from random import Random

from sketch import COLOURS, Sketch, shade

from pente import Value
from pente.data import make_moons


class Neuron:
    """tanh(Σ wᵢ xᵢ + b), or the sum alone where a score is wanted."""

    def __init__(self, inputs: int, rng: Random, squash: bool = True) -> None:
        self.weights = [Value(rng.gauss(0, inputs**-0.5)) for _ in range(inputs)]
        self.bias = Value(0.0)
        self.squash = squash

    def __call__(self, x: list[Value]) -> Value:
        total = sum((w * xi for w, xi in zip(self.weights, x, strict=True)), self.bias)
        return total.tanh() if self.squash else total


class MLP:
    """Layers of neurons; each layer reads all of the one before. The last gives a score: above 0 is class 1."""

    def __init__(self, sizes: list[int], rng: Random) -> None:
        last = len(sizes) - 2
        self.layers = [
            [Neuron(inputs, rng, squash=i < last) for _ in range(outputs)]
            for i, (inputs, outputs) in enumerate(pairwise(sizes))
        ]

    def __call__(self, x: list[Value]) -> Value:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in (*neuron.weights, neuron.bias)]


def values(point: tuple[float, float]) -> list[Value]:
    return [Value(float(coordinate)) for coordinate in point]


def train(model: MLP, x: list[tuple[float, float]], y: list[int], steps: int) -> None:
    for step in range(steps):
        scores = [model(values(point)) for point in x]
        # Each point should be on its own side by a margin of 1: max(0, 1 - score) or max(0, 1 + score).
        losses = [(1 - score if k else 1 + score).relu() for score, k in zip(scores, y, strict=True)]
        loss = sum(losses, Value(0.0)) / len(losses)
        loss.backward()
        rate = 1 - 0.9 * step / steps  # large steps first, small ones to settle
        for p in model.parameters():
            p.data -= rate * p.grad
            p.grad = 0.0
        if step % 10 == 0 or step == steps - 1:
            right = sum((score > 0) == (k == 1) for score, k in zip(scores, y, strict=True))
            print(f"step {step:3}   loss {loss.data:.3f}   right {right} of {len(y)}")


def picture(model: MLP, x: list[tuple[float, float]], y: list[int], path: Path) -> Path:
    sketch = Sketch((-1.5, -1.0), (2.5, 1.5))
    shade(sketch, lambda points: [int(model(values(point)) > 0) for point in points], side=0.05)
    sketch.points(x, [COLOURS[k] for k in y])
    return sketch.save(path)


def main(folder: Path = Path(), steps: int = 100) -> None:
    points, labels = make_moons(60, noise=0.1, seed=0)
    x, y = [(float(a), float(b)) for a, b in points], labels.tolist()
    model = MLP([2, 8, 8, 1], Random(0))
    print(f"{len(model.parameters())} parameters")
    train(model, x, y, steps)
    print("picture:", picture(model, x, y, folder / "mlp_of_values.svg"))


if __name__ == "__main__":
    main()
