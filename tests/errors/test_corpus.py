"""Common mistakes: each is told with its place, and what the message proposes makes the program run."""

from collections.abc import Iterator
from typing import Any

import pytest

from pente.errors import PenteError
from tests.errors.habits import HABITS
from tests.errors.labels import LABELS
from tests.errors.mistake import FILE, Mistake, run, users_line
from tests.errors.shapes import SHAPES

CORPUS = {**SHAPES, **LABELS, **HABITS}


def cases() -> Iterator[Any]:
    """Every program; where it says JIT both eager and compiled."""
    for name, mistake in CORPUS.items():
        for jit in (False, True) if "JIT" in mistake.program else (False,):
            yield pytest.param(mistake, jit, id=f"{name}, compiled" if jit else name)


@pytest.mark.parametrize(("mistake", "jit"), list(cases()))
def test_a_mistake_is_told_with_its_place_and_with_a_fix_that_works(mistake: Mistake, jit: bool) -> None:
    with pytest.raises(PenteError) as caught:
        run(mistake.source, jit)
    message = str(caught.value)
    assert [part for part in (*mistake.names, mistake.fix) if part not in message] == []
    assert users_line(caught.value) == mistake.line
    if caught.value.place is not None:
        assert f"{FILE}, line {mistake.line}" in message
    run(mistake.mended, jit)


@pytest.mark.parametrize("mistake", list(CORPUS.values()), ids=list(CORPUS))
def test_an_entry_takes_its_mending_from_the_message(mistake: Mistake) -> None:
    assert mistake.fix in mistake.right or mistake.fix in mistake.wrong
    assert mistake.mended != mistake.source


def test_the_corpus_has_no_mistake_twice_and_at_least_a_hundred() -> None:
    assert len(CORPUS) == len(SHAPES) + len(LABELS) + len(HABITS) >= 100
    assert len({mistake.program for mistake in CORPUS.values()}) == len(CORPUS)


@pytest.mark.parametrize("mistake", list(CORPUS.values()), ids=list(CORPUS))
def test_a_message_is_one_short_text_that_ends_as_a_sentence_or_with_its_place(mistake: Mistake) -> None:
    with pytest.raises(PenteError) as caught:
        run(mistake.source, jit=False)
    first, *place = str(caught.value).split("\n")
    assert not hasattr(caught.value, "__notes__")
    assert first[-1] in ".?"
    assert len(first) <= 400
    told = [line.split(":")[0].strip() for line in place]
    assert told in ([], ["layer", "called"], ["layer", "called", "shapes"], ["called", "shapes"])
