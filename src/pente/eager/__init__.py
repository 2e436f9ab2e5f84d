"""The meaning of every primitive, in NumPy: the reference that compiled code must agree with."""

from pente import ops  # noqa: F401  the composites must stand before their rows
from pente.eager import scalars, table

__all__: list[str] = []

table.install()
scalars.install()
