"""Images cut into tiles of 4 × 4 places, as Winograd's convolution sees them."""

from math import ceil, prod
from typing import NamedTuple

from pente.compiler.transforms import OUT, image_function, result_function
from pente.compiler.writer import Writer
from pente.shapes import Shape

__all__ = ["Strides", "Tiles", "times"]


class Strides(NamedTuple):
    """Of transformed tiles: from a tile to the next, from one of the 36 points to the next, from 16 channels on."""

    tile: int
    point: int
    block: int


class Tiles(NamedTuple):
    """How images are cut: tile (i, j) begins at place (4i - top, 4j - left)."""

    images: int
    places: Shape
    channels: int
    corner: tuple[int, int]
    counts: tuple[int, int]

    @classmethod
    def of(cls, shape: Shape, corner: tuple[int, int], out: Shape) -> "Tiles":
        """An image of this shape by the tiles of a result of that one."""
        return cls(shape[0], shape[1:3], shape[3], corner, (ceil(out[1] / OUT), ceil(out[2] / OUT)))

    @property
    def number(self) -> int:
        """How many tiles."""
        return self.images * prod(self.counts)

    def transform(self, to: Writer, places: int, ends: tuple[str, str, str], t: str, strides: Strides) -> None:
        """Tile t, of so many places along each axis. ``ends`` are the image, where the result goes, and zeros.

        Places outside of the image are 0, and so is a tile that is not there.
        """
        base, target, nothing = ends
        origin, i, j = self._origin(to, base, t)
        (height, width), (top, left) = self.places, self.corner
        above, before = (to.put(f"sub i64 {n}, {times(to, at, OUT)}") for n, at in ((top, i), (left, j)))
        below, after = (to.put(f"add i64 {start}, {n}") for start, n in ((above, height), (before, width)))
        there = to.put(f"icmp slt i64 {t}, {self.number}")
        below = to.put(f"select i1 {there}, i64 {below}, i64 {above}")
        sizes = (above, below, before, after, width * self.channels, self.channels, strides.point, strides.block)
        pointers = [f"ptr {x}" for x in (target, origin, nothing)]
        to.call(image_function(places), *pointers, *[f"i64 {n}" for n in sizes])

    def result(self, to: Writer, ends: tuple[str, str, str], t: str, channels: int, point: int) -> None:
        """Tile t of the result. ``ends`` are what comes out of the products, the image, and memory nobody reads."""
        source, base, nowhere = ends
        origin, i, j = self._origin(to, base, t)
        height, width = self.places
        below, after = (to.put(f"sub i64 {n}, {times(to, at, OUT)}") for n, at in ((height, i), (width, j)))
        sizes = (below, after, width * self.channels, self.channels, channels, point)
        pointers = [f"ptr {x}" for x in (origin, source, nowhere)]
        to.call(result_function(), *pointers, *[f"i64 {n}" for n in sizes])

    def _origin(self, to: Writer, base: str, t: str) -> tuple[str, str, str]:
        """Where tile t begins, and its row and column among the tiles of its image."""
        down, across = self.counts
        image, rest = to.put(f"udiv i64 {t}, {down * across}"), to.put(f"urem i64 {t}, {down * across}")
        i, j = to.put(f"udiv i64 {rest}, {across}"), to.put(f"urem i64 {rest}, {across}")
        (height, width), (top, left) = self.places, self.corner
        row = to.put(f"add i64 {times(to, image, height)}, {times(to, i, OUT)}")
        place = to.put(f"add i64 {times(to, row, width)}, {times(to, j, OUT)}")
        place = to.put(f"sub i64 {place}, {top * width + left}")
        return to.shifted("float", base, times(to, place, self.channels)), i, j


def times(to: Writer, i: str, n: int) -> str:
    """i·n."""
    return "0" if i == "0" else i if n == 1 else to.put(f"mul i64 {i}, {n}")
