"""Two things no straight line can do: the exclusive or, and a sine. The same net of tensors learns both."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sketch import COLOURS, Point, Sketch, shade

import pente
from pente.data import make_sine, make_xor


class Net:
    """x ↦ tanh(x W₁ + b₁) W₂ + b₂: one hidden layer, one number out."""

    def __init__(self, inputs: int, hidden: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.w1 = pente.Variable(rng.normal(0, 1, (inputs, hidden)).astype(np.float32), name="W1")
        self.b1 = pente.Variable(rng.normal(0, 1, hidden).astype(np.float32), name="b1")
        self.w2 = pente.Variable(rng.normal(0, hidden**-0.5, (hidden, 1)).astype(np.float32), name="W2")
        self.b2 = pente.Variable(np.zeros(1, np.float32), name="b2")
        self.weights = [self.w1, self.b1, self.w2, self.b2]

    def __call__(self, x: pente.Tensor) -> pente.Tensor:
        return pente.tanh(x @ self.w1 + self.b1) @ self.w2 + self.b2


def train(net: Net, loss: Callable[[], pente.Tensor], steps: int) -> None:
    optimizer = pente.optimizers.Adam(0.02)
    for step in range(steps):
        value, gradients = pente.value_and_grad(loss, wrt=net.weights)()
        optimizer.apply(gradients, net.weights)
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:3}   loss {value:.4f}")


def xor(folder: Path, steps: int) -> None:
    points, labels = make_xor(120, seed=0)
    x, sign = pente.tensor(points), pente.tensor(2.0 * labels[:, None] - 1, dtype="float32")
    net = Net(2, 8, seed=0)
    # log(1 + e^(-s)) is small where the score s has the sign of its class, and grows like -s where it has not.
    train(net, lambda: pente.mean(pente.softplus(-sign * net(x))), steps)
    others, answers = make_xor(1000, seed=1)
    right = (net(pente.tensor(others)).numpy()[:, 0] > 0) == answers
    print(f"on 1000 points it has not seen: {right.mean():.1%} right")

    sketch = Sketch((-1.0, -1.0), (1.0, 1.0), size=(320, 320))
    shade(sketch, lambda row: (net(pente.tensor(row)).numpy()[:, 0] > 0).astype(int).tolist(), side=0.025)
    sketch.points(points.tolist(), [COLOURS[k] for k in labels])
    print("picture:", sketch.save(folder / "xor.svg"))


def sine(folder: Path, steps: int) -> None:
    x, y = make_sine(60, noise=0.1, seed=0)
    net = Net(1, 16, seed=1)
    train(net, lambda: pente.mean((net(pente.tensor(x)) - y) ** 2), steps)

    line = np.linspace(-np.pi, np.pi, 100, dtype=np.float32)[:, None]
    drawn = net(pente.tensor(line)).numpy()
    print(f"mean square of the distance to the sine itself: {np.mean((drawn - np.sin(line)) ** 2):.4f}")
    fitted: list[Point] = np.hstack([line, drawn]).tolist()
    sketch = Sketch((-3.4, -1.4), (3.4, 1.4))
    sketch.points(np.hstack([x, y]).tolist(), [COLOURS[0]] * len(x))
    sketch.curve(fitted, COLOURS[1])
    print("picture:", sketch.save(folder / "sine.svg"))


def main(folder: Path = Path(), steps: int = 500) -> None:
    print("exclusive or")
    xor(folder, steps)
    print("sine")
    sine(folder, steps)


if __name__ == "__main__":
    main()
