"""How a run of ``pente`` begins and ends: exit codes, one line on a mistake, a quick answer to a request for help."""

import subprocess
import sys
from pathlib import Path

import pytest

from pente import __version__
from pente.cli import main
from pente.errors import DataError
from tests.cli.run import clean_environment, run

MISTAKES = [
    (["dmo"], 'Did you mean "demo"?'),
    (["entirely-else"], "Available commands: demo"),
    (["--bogus"], "--bogus"),
    (["demo", "--sed", "3"], "Did you mean --seed?"),
    (["demo", "--frobnicate"], "pente demo --help"),
    (["demo", "3"], "got '3'"),
    (["demo", "--seed"], "--seed requires an argument"),
    (["demo", "--seed", "x"], "expected a whole number, got 'x'"),
    (["demo", "--seed", "-1"], "Must be >= 0"),
    (["demo", "--seed", str(2**64)], "Must be <"),
    (["demo", "--epochs", "0"], "Must be >= 1"),
    (["demo", "--epochs", "1.5"], "expected a whole number, got '1.5'"),
    (["demo", "--epochs", "1_0"], "expected a whole number"),
    (["demo", "--json=maybe"], "--json"),
    (["demo", "--seed", "1", "--seed", "2"], "multiple times"),
]


@pytest.mark.parametrize(
    ("arguments", "told"), MISTAKES, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_mistake_gets_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pente: ")
    assert printed.err.count("\n") == 1
    assert told in printed.err


def test_a_mistake_in_a_process_gives_no_traceback() -> None:
    done = run("dmo")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        'pente: Unknown command "dmo". Did you mean "demo"? Available commands: demo, train, predict. See: pente --help'
    ]


def test_work_that_fails_says_why_in_one_line_with_its_notes_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        error = DataError("expected one thing,\ngot another.")
        error.add_note("It was there.")
        raise error

    monkeypatch.setattr("pente.cli.digits.load_digits", fail)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "pente: expected one thing, got another. It was there.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_output_that_cannot_be_written_is_told() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pente", "demo", "--epochs", "1", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_an_error_of_pente_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pente.cli.digits.load_digits", fail)
    with pytest.raises(ZeroDivisionError):
        main(["demo"])


INTERRUPTED = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(3, signal.raise_signal, [signal.SIGINT]).start()
from pente.cli import main
sys.exit(main(["demo", "--epochs", "1000000"]))
"""


def test_ctrl_c_ends_with_one_line_and_exit_code_130() -> None:
    command = [sys.executable, "-W", "error", "-c", INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean_environment())
    assert (done.returncode, done.stderr) == (130, "pente: stopped.\n")


def test_the_version_is_one_word() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]], ids=str)
def test_help_names_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert [command for command in ("demo", "train", "predict") if command not in printed] == []


def test_help_of_a_command_names_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0
    printed = capsys.readouterr().out
    assert [option for option in ("--seed", "--epochs", "--json") if option not in printed] == []


LOADED = """
import sys
from pente.cli import main
main({arguments})
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("llvmlite", "safetensors", "fast_sugiyama")
              or name.startswith(("pente.layers", "pente.models", "pente.train", "pente.compiler", "pente.data"))))
"""


HELP = [["--help"], ["demo", "--help"], ["train", "--help"], ["predict", "--help"], ["dmo"], ["train"]]


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_an_answer_that_needs_no_engine_does_not_load_it(arguments: list[str]) -> None:
    command = [sys.executable, "-c", LOADED.format(arguments=arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=clean_environment())
    assert done.stdout.splitlines()[-1] == ""
