"""Every way along which one number of a graph depends on another."""

from collections.abc import Iterator

from pente.core.node import Node, ancestors
from pente.errors import GradientError, UsageError
from pente.see.local import slope

__all__ = ["Path", "Paths"]

Path = tuple[Node, ...]
"""From the result back to the variable, each an input of the one before."""


class Paths:
    """All paths from ``bottom`` to ``top``; there can be exponentially many, so they are counted and not listed."""

    def __init__(self, top: Node, bottom: Node) -> None:
        self.top, self.bottom = top, bottom
        self.inputs: dict[Node, list[Node]] = {bottom: []}  # of each node between, those that are between as well
        for node in ancestors([top]):
            through = [x for x in dict.fromkeys(node.inputs) if x in self.inputs]
            if through and node is not bottom:
                self.inputs[node] = through
        if top not in self.inputs:
            raise GradientError(
                f"{top.name or 'the result'} does not depend on {bottom.name or 'this variable'}: "
                "no path leads from one to the other."
            )
        for node in self.inputs:
            if node.shape != ():
                raise UsageError(
                    f"explain follows single numbers, and {node.name or node} on the way has shape {node.shape}. "
                    "Write pente.draw(loss) for the graph, and loss.backward(); x.grad for the gradient."
                )

    def __iter__(self) -> Iterator[Path]:
        stack: list[Path] = [(self.top,)]
        while stack:
            path = stack.pop()
            if path[-1] is self.bottom:
                yield path
            stack += [(*path, x) for x in reversed(self.inputs[path[-1]])]

    def count(self) -> int:
        """How many paths there are."""
        counts = {self.bottom: 1}
        for node, through in self.inputs.items():
            if through:
                counts[node] = sum(counts[x] for x in through)
        return counts[self.top]

    def slope(self) -> float:
        """d top / d bottom: the sum over all paths of the product of their steps."""
        slopes = {self.bottom: 1.0}
        for node, through in self.inputs.items():
            if through:
                slopes[node] = sum(slope(node, x) * slopes[x] for x in through)
        return slopes[self.top]
