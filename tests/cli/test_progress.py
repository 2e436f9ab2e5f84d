"""Progress is a bar where somebody watches and a few lines in a log."""

import io
import re

import pytest
from rich.console import Console

from pente.cli.progress import Bar, Lines, progress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, highlight=False, force_terminal=terminal, no_color=True)


def train(watched: Console, epochs: int) -> list[str]:
    callback = progress(watched, epochs)
    callback.on_train_begin()
    for epoch in range(epochs):
        callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "accuracy": 0.5})
    callback.on_train_end()
    assert isinstance(watched.file, io.StringIO)
    return re.sub(r"\x1b\[[?\d;]*\w", "", watched.file.getvalue()).splitlines()


def test_a_terminal_gets_a_bar_and_a_log_lines() -> None:
    assert isinstance(progress(console(terminal=True), 3), Bar)
    assert isinstance(progress(console(terminal=False), 3), Lines)


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress(console(terminal=True), 3), Lines)


def test_the_bar_ends_full_in_one_line_of_80_columns() -> None:
    last = [line for line in train(console(terminal=True), 12) if line][-1]
    assert re.fullmatch(r"Epoch 12/12 ━{24} loss 0\.0833  accuracy 0\.5000 \d:\d\d:\d\d", last.rstrip())


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (9, 9), (10, 10), (11, 6), (25, 9), (1000, 10)])
def test_a_log_gets_at_most_ten_lines_the_last_epoch_among_them(epochs: int, lines: int) -> None:
    printed = train(console(terminal=False), epochs)
    assert len(printed) == lines
    assert printed[-1].startswith(f"Epoch {epochs}/{epochs}  loss {1 / epochs:.4f}")
