"""The command line: a file for each command, and here how a run begins and ends.

Exit codes: 0 done, 1 the work failed, 2 wrong usage, 130 stopped with Ctrl-C.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from cyclopts import App, CycloptsError, UnusedCliTokensError

from pente import __version__
from pente.cli.demo import demo
from pente.cli.options import WrongUsageError
from pente.cli.predict import predict
from pente.cli.train import train
from pente.errors import PenteError

__all__ = ["main"]

app = App(
    name="pente",
    help="A deep-learning framework that one can see through.",
    version=__version__,
    help_format="plaintext",
)
app.command(demo)
app.command(train)
app.command(predict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what these arguments, or else those of the process, ask for; return the exit code.

    >>> main(["--version"])
    0.1.0
    0
    """
    try:
        work = _understand(arguments)
    except CycloptsError as error:
        return _end(2, _mistake(error))
    try:
        work()
    except BrokenPipeError:
        return _gone()
    except WrongUsageError as error:
        return _end(2, str(error))
    except FileNotFoundError as error:
        return _end(1, f"there is no file {error.filename}.")
    except (PenteError, OSError) as error:
        plain = error.args[0] if isinstance(error, PenteError) else str(error)  # no line of a program is told here
        return _end(1, " ".join([plain, *getattr(error, "__notes__", ())]))
    except KeyboardInterrupt:
        return _end(130, "stopped.")
    return 0


def _understand(arguments: Sequence[str] | None) -> Callable[[], Any]:
    command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    return lambda: command(*bound.args, **bound.kwargs)


def _mistake(error: CycloptsError) -> str:
    """What is wrong with the arguments, and where to read what would be right."""
    unused = isinstance(error, UnusedCliTokensError) and error.unused_tokens
    reason = f"Nothing is expected here, got {' '.join(unused)!r}." if unused else str(error)
    return f"{reason} See: {' '.join(['pente', *(error.command_chain or ()), '--help'])}"


def _gone() -> int:
    """Whoever read the output has read enough, as ``head`` has: end without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to write goes nowhere
    return 1


def _end(code: int, reason: str) -> int:
    """Say why in one line, apart from what the command prints."""
    print("pente:", " ".join(reason.split()), file=sys.stderr)
    return code
