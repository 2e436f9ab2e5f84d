"""Images cut into tiles of 4 × 4 places, as Winograd's convolution sees them."""

from math import ceil, prod
from typing import NamedTuple

from pente.compiler.transforms import OUT, image_function, result_function, spread_function
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
    def total(self) -> int:
        """How many tiles."""
        return self.images * prod(self.counts)

    def transform(self, to: Writer, places: int, ends: tuple[str, str, str], t: str, strides: Strides) -> None:
        """Tile t, of so many places along each axis. ``ends`` are the image, where the result goes, and zeros.

        Places outside of the image are 0, and so is a tile that is not there.
        """
        base, target, nothing = ends
        origin, above, before = self._origin(to, base, t)
        (height, width), channels = map(to.number, self.places), to.number(self.channels)
        below, after = to.put(f"add i64 {above}, {height}"), to.put(f"add i64 {before}, {width}")
        there = to.put(f"icmp slt i64 {t}, {to.number(self.total)}")
        below = to.put(f"select i1 {there}, i64 {below}, i64 {above}")
        bounds = (above, below, before, after)
        sizes = (to.put(f"mul i64 {width}, {channels}"), channels, *map(to.number, strides[1:]))
        pointers = [f"ptr {x}" for x in (target, origin, nothing)]
        to.call(image_function(places), *pointers, *[f"i64 {n}" for n in (*bounds, *sizes)])

    def result(self, to: Writer, ends: tuple[str, str, str], t: str, channels: int, point: int) -> None:
        """Tile t of the result. ``ends`` are what comes out of the products, the image, and memory nobody reads."""
        source, base, nowhere = ends
        origin, above, before = self._origin(to, base, t)
        (height, width), apart = map(to.number, self.places), to.number(self.channels)
        below, after = to.put(f"add i64 {above}, {height}"), to.put(f"add i64 {before}, {width}")
        down = to.put(f"mul i64 {width}, {apart}")
        sizes = (below, after, down, apart, to.number(channels), to.number(point))
        to.call(result_function(), *[f"ptr {x}" for x in (origin, source, nowhere)], *[f"i64 {n}" for n in sizes])

    def spread(self, to: Writer, ends: tuple[str, str, str], t: str, point: int) -> None:
        """Add what comes out of the products to all that tile t saw. ``ends`` are that, the image, and spare memory."""
        source, base, nowhere = ends
        origin, above, before = self._origin(to, base, t)
        (height, width), channels = map(to.number, self.places), to.number(self.channels)
        below, after = to.put(f"add i64 {above}, {height}"), to.put(f"add i64 {before}, {width}")
        sizes = (above, below, before, after, to.put(f"mul i64 {width}, {channels}"), channels, to.number(point))
        to.call(spread_function(), *[f"ptr {x}" for x in (origin, source, nowhere)], *[f"i64 {n}" for n in sizes])

    def _origin(self, to: Writer, base: str, t: str) -> tuple[str, str, str]:
        """Where tile t begins; and how many places of it lie above the image, and how many before it, or minus that."""
        (height, width), (top, left), (_, across) = (map(to.number, x) for x in (self.places, self.corner, self.counts))
        each = to.number(prod(self.counts))
        image, rest = to.put(f"udiv i64 {t}, {each}"), to.put(f"urem i64 {t}, {each}")
        i, j = to.put(f"udiv i64 {rest}, {across}"), to.put(f"urem i64 {rest}, {across}")
        above, before = (
            to.put(f"sub i64 {low}, {to.put(f'mul i64 {at}, {OUT}')}") for low, at in ((top, i), (left, j))
        )
        row = to.put(f"sub i64 {to.put(f'mul i64 {image}, {height}')}, {above}")
        place = to.put(f"sub i64 {to.put(f'mul i64 {row}, {width}')}, {before}")
        return to.shifted("float", base, times(to, place, self.channels)), above, before


def times(to: Writer, i: str, n: int) -> str:
    """i·n, where n is no part of the text."""
    return "0" if i == "0" else to.put(f"mul i64 {i}, {to.number(n)}")
