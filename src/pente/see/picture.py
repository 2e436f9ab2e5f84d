"""A finished drawing: text that shows itself in a notebook and can be saved."""

import os
from dataclasses import dataclass
from pathlib import Path

from pente.archive import replacing
from pente.errors import UnknownNameError
from pente.see.stepper import page

__all__ = ["Picture"]


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing as SVG text.

    >>> Picture("<svg/>", "nothing")
    Picture('nothing'): shows itself in a notebook; keep it with .save("picture.svg")
    """

    svg: str
    title: str = ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing to a file that ends in .svg, or in .html for a page of its own; the path is returned."""
        target = Path(path)
        forms = {".svg": self.svg, ".html": page(self.svg, self.title)}
        if target.suffix.lower() not in forms:
            raise UnknownNameError("form of picture", target.suffix or str(path), forms)
        with replacing(target) as file:
            file.write(forms[target.suffix.lower()].encode("utf-8"))
        return target

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self.svg}</div>'

    def __repr__(self) -> str:
        return f'Picture({self.title!r}): shows itself in a notebook; keep it with .save("picture.svg")'
