"""What an entry of the corpus is: a user's program with one mistake in it, and how it is to be mended."""

import textwrap
import traceback
from typing import NamedTuple

from pente.errors import PenteError

FILE = "program.py"
HERE = "# here"

# What every program begins with: 20 rows of 6 numbers, of 3 classes, and 8 grey images.
PRELUDE = """
import numpy as np
import pente
from pente import Input, Model, Sequential, layers, losses, optimizers
rng = np.random.default_rng(0)
x = rng.uniform(size=(20, 6)).astype("float32")
y = np.arange(20) % 3
images = rng.uniform(size=(8, 28, 28)).astype("float32")
digits = np.arange(8) % 3
"""


class Mistake(NamedTuple):
    """A program; ``# here`` ends the line that is to be named. ``wrong`` in it becomes ``right``, as ``fix`` says."""

    program: str
    names: tuple[str, ...]  # what the message tells of the place: a layer's path, a shape, an argument, a row
    fix: str  # the piece of code that the message proposes, to the letter
    wrong: str
    right: str

    @property
    def source(self) -> str:
        """The whole program."""
        return PRELUDE + textwrap.dedent(self.program)

    @property
    def line(self) -> int:
        """The number of the line with the mistake."""
        return next(i for i, line in enumerate(self.source.splitlines(), 1) if line.endswith(HERE))

    @property
    def mended(self) -> str:
        """The program after what the message proposes."""
        return self.source.replace(self.wrong, self.right)


def run(source: str, jit: bool) -> None:
    """Run a program of this text; JIT in it says whether steps are compiled."""
    exec(compile(source, FILE, "exec"), {"__name__": "program", "JIT": jit})


def users_line(error: PenteError, file: str = FILE) -> int:
    """The last line of the program in the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return frames[-1].lineno or 0
