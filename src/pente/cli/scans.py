"""Grey scans drawn with characters, which look the same in a terminal, in a log and without colour."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

__all__ = ["draw_scan", "side_by_side"]

SHADES = " ░▒▓█"
ASCII_SHADES = " .+#@"  # for a terminal that has no others
GAP = "   "


def draw_scan(ink: NDArray[Any], shades: str = SHADES) -> list[str]:
    """Draw an image, height × width, ink from 0 to 1, a line for each row of pixels.

    Characters are about twice as high as wide, so that two of them make a square pixel.

    >>> import numpy as np
    >>> draw_scan(np.array([[0.0, 0.25], [0.5, 1.0]]))
    ['  ░░', '▒▒██']
    """
    levels = (ink * (len(shades) - 1)).round().astype(int)
    return ["".join(2 * shades[level] for level in row) for row in levels.tolist()]


def side_by_side(drawings: Sequence[Sequence[str]], width: int) -> str:
    """Lay out drawings of one size in rows, as many in a row as the width has place for, with an empty line between.

    >>> print(side_by_side([["aa", "aa"], ["bb", "bb"], ["cc", "cc"]], width=8))
    aa   bb
    aa   bb
    <BLANKLINE>
    cc
    cc
    """
    each = max((len(line) for drawing in drawings for line in drawing), default=0)
    columns = max(1, (width + len(GAP)) // (each + len(GAP)))
    rows = [drawings[start : start + columns] for start in range(0, len(drawings), columns)]
    return "\n\n".join("\n".join(_joined(line, each) for line in zip(*row, strict=True)) for row in rows)


def _joined(parts: Sequence[str], each: int) -> str:
    return GAP.join(part.ljust(each) for part in parts).rstrip()
