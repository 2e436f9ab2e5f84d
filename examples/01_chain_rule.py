"""The chain rule: from one expression to the derivative of its result in every number that went in."""

from pathlib import Path

import pente


def main(folder: Path = Path()) -> None:
    a, b, c, f = (pente.Value(v, name=n) for v, n in [(2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")])
    e = (a * b).named("e")
    d = (e + c).named("d")
    L = (d * f).named("L")

    L.backward()
    for x in (a, b, c, f):
        print(pente.explain(L, wrt=x))

    # What the derivative promises: move a by a little, and L moves by dL/da times as much.
    step = 0.001
    moved = ((2.0 + step) * -3.0 + 10.0) * -2.0
    print(f"(L(a + {step}) - L(a)) / {step} = {(moved - L.data) / step:.6f}, and dL/da = {a.grad}")

    print("picture:", pente.draw(L).save(folder / "seed-graph.svg"))


if __name__ == "__main__":
    main()
