"""A neuron: weigh two inputs, add a bias, squash; then push the answer to where it should be."""

from pathlib import Path

import pente


def main(folder: Path = Path(), steps: int = 8) -> None:
    x1, x2 = pente.Value(2.0, name="x₁"), pente.Value(-1.0, name="x₂")
    w1, w2, b = pente.Value(-0.5, name="w₁"), pente.Value(1.0, name="w₂"), pente.Value(0.3, name="b")
    weights = [w1, w2, b]

    for step in range(steps):
        answer = (w1 * x1 + w2 * x2 + b).tanh().named("answer")
        loss = ((answer - 0.5) ** 2).named("loss")
        loss.backward()
        if step == 0:
            print("picture:", pente.draw(loss).save(folder / "neuron.svg"))
        print(f"step {step:2}   answer {answer.data:+.3f}   loss {loss.data:.4f}")
        for p in weights:
            p.data -= 0.1 * p.grad
            p.grad = 0.0


if __name__ == "__main__":
    main()
