"""Pente's source as the house tests see it: read and parsed, not imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pente"


@dataclass(frozen=True)
class Module:
    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def unit(self) -> str:
        """The folder or top-level file of the house that the module belongs to; ``pente`` for the face itself."""
        return unit_of(self.name)


def unit_of(name: str) -> str:
    return name.split(".")[1] if "." in name else name


def read(path: Path) -> Module:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), path.read_text(encoding="utf-8"), is_package)


MODULES = [read(path) for path in sorted(PACKAGE.rglob("*.py"))]


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(module: Module, tree: ast.AST | None = None) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted target of each import, inside functions too, but not under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree or module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.orelse:
                yield from imports(module, ast.Module([child], []))
        else:
            yield from imports(module, node)


def absolute(module: Module, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = module.name.split(".")
    package = package[: len(package) - node.level + module.is_package]
    return ".".join([*package, *filter(None, [node.module])])
