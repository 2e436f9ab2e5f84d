"""The same program gives the same bits whatever the width of the registers, and on any number of threads.

The processor is chosen with PENTE_CPU, in a process of its own: 512 bits, 256, and 128 without fused multiply-adds.
"""

import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pente.compiler import llvm

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
FEATURES = ["sse2", "sse4.2", "avx2", "avx512f"]  # what each of them needs

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")
intel = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the widths of x86")


@cache
def bits(programs: str, setting: str, value: str) -> dict[str, str]:
    """The digest of every program under this setting."""
    env = {**os.environ, setting: value, "PYTHONPATH": PATHS}
    command = [sys.executable, "-m", "tests.compiler.bits", programs]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr
    return dict(line.split("\t") for line in run.stdout.splitlines())


def _has(feature: str) -> bool:
    if not llvm.available():
        return False
    import llvmlite.binding

    return bool(llvmlite.binding.get_host_cpu_features().get(feature))


@intel
@pytest.mark.slow
@pytest.mark.parametrize(
    "processor", [p for p, feature in zip(llvm.PROCESSORS, FEATURES, strict=True) if _has(feature)]
)
def test_every_width_gives_the_bits_of_this_machine(processor: str) -> None:
    own, other = bits("small", "PENTE_CPU", ""), bits("small", "PENTE_CPU", processor)
    assert len(own) > 300
    assert {name for name in own if own[name] != other[name]} == set()


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["2", "3", "5"])
def test_any_number_of_threads_gives_the_bits_of_one(threads: str) -> None:
    one, several = bits("large", "PENTE_THREADS", "1"), bits("large", "PENTE_THREADS", threads)
    assert len(one) > 40
    assert {name for name in one if one[name] != several[name]} == set()


@intel
def test_a_processor_that_is_not_known_is_refused() -> None:
    env = {**os.environ, "PENTE_CPU": "abacus", "PYTHONPATH": PATHS}
    code = "import pente; from pente.compiler import jit; jit(lambda x: x + 1)(1.0)"
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=100)
    assert run.returncode != 0
    assert "abacus" in run.stderr
    assert "PENTE_CPU" in run.stderr
