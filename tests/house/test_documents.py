"""The documents tell the truth: their examples run, their links lead somewhere."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from tests.house.source import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(
    r"^(?P<no_run>[ \t]*<!--[ \t]*no-run(?P<reason>.*?)-->[ \t]*\n\s*?)?"
    r"^(?P<indent>[ \t]*)```python[ \t]*\n(?P<code>.*?)^(?P=indent)```[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)")


class Block(NamedTuple):
    line: int
    code: str
    reason_not_to_run: str | None


def blocks(text: str) -> Iterator[Block]:
    for fence in FENCE.finditer(text):
        reason = fence["reason"].strip(" :") if fence["no_run"] else None
        yield Block(text.count("\n", 0, fence.start("code")), dedent(fence["code"]), reason)


def run(text: str, name: str) -> None:
    """Run a document's blocks in order, in one namespace; a traceback shows the document's own lines."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(text):
        if block.reason_not_to_run is None:
            run_session(block, namespace, name) if block.code.startswith(">>> ") else run_code(block, namespace, name)


def run_code(block: Block, namespace: dict[str, Any], name: str) -> None:
    exec(compile("\n" * block.line + block.code, name, "exec"), namespace)


def run_session(block: Block, namespace: dict[str, Any], name: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.code, namespace, name, name, block.line)
    test.globs = namespace
    doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test, clear_globs=False)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_examples_of_a_document_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_block_that_is_not_run_says_why(path: Path) -> None:
    assert [block.line for block in blocks(path.read_text(encoding="utf-8")) if block.reason_not_to_run == ""] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = [link["target"] for link in LINK.finditer(path.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_blocks_share_a_namespace_and_a_false_one_fails() -> None:
    run("```python\na = 1\n```\ntext\n1. item\n   ```python\n   b = a + 1\n   ```\n```python\n>>> b\n2\n```", "good.md")
    with pytest.raises(NameError):
        run("```python\nc\n```", "bad.md")
    with pytest.raises(doctest.DocTestFailure):
        run("```python\n>>> 1 + 1\n3\n```", "bad.md")


def test_a_block_marked_no_run_is_left_out() -> None:
    text = "<!-- no-run: needs a GPU -->\n```python\nraise SystemExit\n```\n\n<!-- no-run -->\n\n```python\nc\n```"
    run(text, "marked.md")
    assert [block.reason_not_to_run for block in blocks(text)] == ["needs a GPU", ""]
