"""Every operation of the engine, and its gradients, are compiled to what they are."""

import pytest

from tests.compiler.agreement import (
    CALLABLE,
    HOLD_PROGRAMS,
    KINDS,
    OPERATIONS,
    calls,
    check_slopes,
    check_values,
    passes_keep_bits,
    slopes,
)

PAIRS = [(name, kind) for name in CALLABLE for kind in KINDS if kind == "float64" or name not in HOLD_PROGRAMS]
SMOOTH = [pair for pair in PAIRS if slopes(OPERATIONS[pair[0]], pair[1])[1]]


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_an_operation_is_compiled_to_what_it_is(name: str, kind: str) -> None:
    check_values(name, kind)


@pytest.mark.parametrize(("name", "kind"), SMOOTH)
def test_gradients_taken_inside_are_compiled_to_what_they_are(name: str, kind: str) -> None:
    check_slopes(name, kind)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_the_passes_keep_a_legal_program_and_its_bits(name: str, kind: str) -> None:
    passes_keep_bits(*calls(OPERATIONS[name], kind))


@pytest.mark.parametrize(("name", "kind"), SMOOTH)
def test_the_passes_keep_the_bits_of_gradients(name: str, kind: str) -> None:
    passes_keep_bits(*slopes(OPERATIONS[name], kind))
