"""What is shown while training: a bar in a terminal, a line an epoch in a log, nothing when asked."""

import os
import pty
import re
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pente import Sequential, layers
from pente.train import progress

SCRIPT = """
import numpy as np
from pente import Sequential, layers
x = np.ones((64, 3), np.float32)
model = Sequential([layers.Dense(1)])
model.compile("sgd", "mse", ["mae"])
model.fit(x, x[:, 0], epochs=2)
model.summary()
"""
LINE = re.compile(r"Epoch (\d)/2 - [\d.]+m?s - loss: [\d.e+-]+ - mae: [\d.e+-]+")


def fit(**how: Any) -> None:
    x = np.ones((64, 3), np.float32)
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", ["mae"])
    model.fit(x, x[:, 0], epochs=2, **how)


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_a_log_gets_one_plain_line_an_epoch(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    fit(verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert [match[1] for line in lines if (match := LINE.fullmatch(line))] == ["1", "2"]
    assert len(lines) == 2


def test_nothing_is_shown_when_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    fit(verbose=0)
    assert capsys.readouterr().out == ""


def in_terminal(script: str) -> str:
    """What the script writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", "LINES": "40"}
    process = subprocess.Popen([sys.executable, "-c", script], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(ours)
    assert process.wait(60) == 0, written.decode()
    return written.decode()


def test_a_terminal_gets_a_bar_and_keeps_a_line_an_epoch() -> None:
    written = in_terminal(SCRIPT)
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", written)
    assert "━" in written  # the bar, and the rules of the table
    assert "\x1b[2K" in written or "\x1b[?25l" in written  # that moves
    assert [match[1] for match in LINE.finditer(plain)] == ["1", "2"]
    assert "Parameters: 4" in plain


def test_a_notebook_gets_a_line_that_changes_and_keeps_a_line_an_epoch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No widgets are asked for: what is shown are texts in one place."""
    shown: list[str] = []

    class Place:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data["text/plain"])

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Place:
        assert not shown  # one place for the whole training
        shown.append(data["text/plain"])
        return Place()

    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    fit()
    assert [match[1] for line in capsys.readouterr().out.splitlines() if (match := LINE.fullmatch(line))] == ["1", "2"]
    assert (shown[0], shown[-1]) == ("Epoch 1/2", "")
    assert re.fullmatch(r"Epoch 2/2 - 2/2 - loss: [\d.]+ - mae: [\d.]+", shown[-2])
    shown.clear()
    fit(verbose=2)
    assert shown == []
