"""Tensors: the same engine on whole arrays. A line is fitted to forty points with one expression."""

from pathlib import Path

import numpy as np
from sketch import COLOURS, Sketch

import pente


def main(folder: Path = Path(), steps: int = 100) -> None:
    rng = np.random.default_rng(0)
    x = pente.tensor(np.linspace(-1, 1, 40, dtype=np.float32), name="x")
    y = pente.tensor((2 * x.numpy() + 0.5 + rng.normal(0, 0.2, 40)).astype(np.float32), name="y")
    slope, offset = pente.Variable(0.0, name="slope"), pente.Variable(0.0, name="offset")

    def loss() -> pente.Tensor:
        return pente.mean((slope * x + offset - y) ** 2)

    for step in range(steps):
        value, (by_slope, by_offset) = pente.value_and_grad(loss, wrt=[slope, offset])()
        slope.assign_sub(0.2 * by_slope)
        offset.assign_sub(0.2 * by_offset)
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step:3}   loss {value:.4f}   y = {slope:.3f} x + {offset:.3f}")
    by_numpy = np.polyfit(x.numpy(), y.numpy(), 1)
    print(f"least squares by NumPy: y = {by_numpy[0]:.3f} x + {by_numpy[1]:.3f}")

    result = loss().named("loss")
    result.backward()
    print("picture:", pente.draw(result).save(folder / "tensors.svg"))

    sketch = Sketch((-1.2, -2.2), (1.2, 3.2))
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    sketch.points(points, [COLOURS[0]] * len(points))
    sketch.curve([(end, float(slope) * end + float(offset)) for end in (-1.1, 1.1)], COLOURS[1])
    print("picture:", sketch.save(folder / "line.svg"))


if __name__ == "__main__":
    main()
