"""Curves: of a training, of a schedule, of a search. Matplotlib draws them, and is loaded on the first plot."""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from pente.errors import MissingExtraError

__all__ = ["Plot", "curves"]


class Plot:
    """A plot that shows itself in a notebook; ``axes`` are matplotlib's, for whoever wants to change it.

    No global state holds on to it: a thousand plots cost what one does.
    """

    def __init__(self, axes: Any) -> None:
        self.axes = axes

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file whose ending says the form: .png, .svg, .pdf; the path is returned."""
        self.axes.figure.savefig(path, dpi=150)
        return Path(path)

    def _repr_svg_(self) -> str:
        text = StringIO()
        self.axes.figure.savefig(text, format="svg")
        return text.getvalue()

    def __repr__(self) -> str:
        name = self.axes.get_title() or self.axes.get_ylabel()
        return f'Plot({name!r}): shows itself in a notebook; keep it with .save("plot.png")'


def curves(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
    axes: Any = None,
) -> Plot:
    """Draw each series, a pair (x, y), as a line with its name, into matplotlib ``axes`` or else into a new figure.

    Raises MissingExtraError where matplotlib is not installed.

    >>> curves({"loss": ([1, 2, 3], [1.0, 0.5, 0.3])}, x_label="epoch", y_label="loss", title="training")
    Plot('training'): shows itself in a notebook; keep it with .save("plot.png")
    """
    axes = _axes() if axes is None else axes
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=x_label, ylabel=y_label, title=title)
    axes.grid(alpha=0.3)
    if len(series) > 1:
        axes.legend()
    return Plot(axes)


def _axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("a plot", "matplotlib", "plot") from None
    return Figure(figsize=(6, 3.6), layout="constrained").subplots()
