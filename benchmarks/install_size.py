"""How large is an installation? A framework and all that it requires, as installed here.

What pip has written down of each package counts, with the code that Python compiled for it. Where Pente is installed
from its source in place, its own folder counts.
"""

from functools import partial
from importlib.metadata import Distribution, distribution
from pathlib import Path

from measure import Report
from packaging.requirements import Requirement

import pente

FRAMEWORKS = ("numpy", "pente", "torch", "jax", "tensorflow-cpu", "scikit-learn")


def required(name: str) -> dict[str, Distribution]:
    """This package and all that it requires on this machine, without extras."""
    found: dict[str, Distribution] = {}
    left = [name]
    while left:
        package = distribution(left.pop())
        if found.setdefault(package.metadata["Name"].lower(), package) is package:
            wanted = map(Requirement, package.requires or [])
            left += [r.name for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def files(package: Distribution) -> list[Path]:
    if package.metadata["Name"] == "pente":
        return list(Path(pente.__file__).parent.rglob("*"))
    return [Path(str(file.locate())) for file in package.files or []]


def size(packages: dict[str, Distribution]) -> float:
    """In bytes."""
    every = {file for package in packages.values() for file in files(package) if file.is_file()}
    return float(sum(file.stat().st_size for file in every))


def row(name: str) -> dict[str, str]:
    packages = required(name)
    own = {key: package for key, package in packages.items() if key.replace("_", "-") == name}
    sizes = {"MB of its own": size(own), "MB in all": size(packages)}
    return {"": name, "packages": str(len(packages)), **{key: f"{x / 2**20:.1f}" for key, x in sizes.items()}}


def main() -> None:
    with Report("How large is an installation?", rounds=2) as report:
        found = [report.tried(name, partial(row, name)) for name in FRAMEWORKS]
        report.table("With all that it requires", [row for row in found if row is not None])


if __name__ == "__main__":
    main()
