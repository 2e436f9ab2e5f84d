"""Each module of Pente can be the first to be imported: no hidden circle needs another one to have come before."""

import subprocess
import sys

from tests.house.source import MODULES

IMPORT_EACH_AFRESH = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [module for module in sys.modules if module.split(".")[0] == "pente"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


def test_every_module_imports_first() -> None:
    names = [module.name for module in MODULES if not module.name.endswith("__main__")]
    command = [sys.executable, "-c", IMPORT_EACH_AFRESH, *names]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines() == []
