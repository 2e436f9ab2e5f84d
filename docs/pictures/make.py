"""Make the pictures of these documents again, by running every example in full."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"


def main(folder: Path = HERE) -> None:
    sys.path.insert(0, str(EXAMPLES))
    for example in sorted(EXAMPLES.glob("[0-9]*.py")):
        print(f"== {example.name}")
        runpy.run_path(str(example))["main"](folder)


if __name__ == "__main__":
    main()
