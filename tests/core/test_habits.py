"""A name from elsewhere is answered with a line that works here."""

import inspect
import re
from typing import Any

import numpy as np
import pytest

import pente
from pente.core.habits import FUNCTIONS, LAYERS, LOSSES, METHODS
from pente.core.tensor import UFUNCS as OWN
from pente.errors import DTypeError, UsageError

NAMED = re.compile(r"pente(?:\.\w+)+")


def _exists(dotted: str) -> bool:
    found: Any = pente
    for part in dotted.split(".")[1:]:
        found = getattr(found, part)
    return found is not None


@pytest.mark.parametrize("hint", [*METHODS.values(), *FUNCTIONS.values(), *LAYERS.values(), *LOSSES.values()])
def test_every_function_that_is_advised_exists(hint: str) -> None:
    assert all(map(_exists, NAMED.findall(hint)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_from_elsewhere_is_answered_with_the_line_that_works(name: str) -> None:
    for module in (pente, pente.random):
        if name not in module.__all__:
            with pytest.raises(AttributeError, match=re.escape(f"no attribute {name!r}. Write {FUNCTIONS[name]}.")):
                getattr(module, name)


@pytest.mark.parametrize(("module", "hints"), [(pente.layers, LAYERS), (pente.losses, LOSSES)])
def test_a_class_from_elsewhere_is_answered_with_the_line_that_works(module: Any, hints: dict[str, str]) -> None:
    for name, line in hints.items():
        with pytest.raises(AttributeError, match=re.escape(f"no attribute {name!r}. Write {line}.")):
            getattr(module, name)


def test_an_unknown_name_gets_no_advice() -> None:
    for module in (pente, pente.random, pente.layers, pente.losses):
        with pytest.raises(AttributeError, match=r"no attribute 'flubber'$"):
            module.flubber  # noqa: B018


# Those in OWN are what an array on the left of a tensor calls: there the tensor's own function answers.
UFUNCS = sorted({f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc) and f.__name__ not in OWN}.items())


@pytest.mark.parametrize(("name", "ufunc"), UFUNCS, ids=[name for name, _ in UFUNCS])
def test_a_function_of_numpy_names_a_function_that_exists_or_none(name: str, ufunc: Any) -> None:
    x = pente.tensor([[0.25, 0.5], [0.5, 0.25]])
    given = [x] * ufunc.nin
    with pytest.raises(UsageError) as error:
        ufunc(*given)
    advised = NAMED.findall(str(error.value))
    assert bool(advised) == ("Pente has no such function" not in str(error.value))
    assert advised or not hasattr(pente, name)
    for own in advised:
        works = x > 0 if "bitwise" in own else x
        if "shift" in own:
            works = works.astype("int64")
        assert getattr(pente, own.split(".")[1])(*[works] * ufunc.nin).shape


TAKES_AXIS = [
    (module, name)
    for module in (pente, pente.linalg, pente.random)
    for name in module.__all__
    if inspect.isfunction(getattr(module, name)) and "axis" in inspect.signature(getattr(module, name)).parameters
]


@pytest.mark.parametrize(("module", "name"), TAKES_AXIS, ids=[name for _, name in TAKES_AXIS])
def test_dim_is_answered_with_axis_wherever_there_is_one(module: Any, name: str) -> None:
    function = getattr(module, name)
    required = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    given = [pente.ones(2)] * sum(p.kind != p.VAR_KEYWORD for p in required)
    with pytest.raises(UsageError, match=rf"{name}\(\) takes axis= and not dim=: write axis=0"):
        function(*given, dim=0)


def test_ddof_is_answered_with_correction() -> None:
    for call in (pente.var, pente.std):
        with pytest.raises(UsageError, match=r"takes correction= and not ddof=: write correction=1"):
            call([1.0, 2.0], ddof=1)


@pytest.mark.parametrize("data", [[1, 2], 1.0, 3, True, "x", None, {"a": 1}])
def test_a_tensor_made_directly_is_refused_at_once(data: Any) -> None:
    with pytest.raises(UsageError, match=r"write pente\.tensor\(\[1\.0, 2\.0\]\)"):
        pente.Tensor(data)


def test_a_function_of_a_value_is_its_method() -> None:
    v = pente.Value(0.0)
    for function in (pente.exp, pente.relu, pente.add):
        with pytest.raises(DTypeError, match=r"v\.exp\(\).*float\(v\)"):
            function(*[v] * (2 if function is pente.add else 1))
    for method in ("exp", "log", "tanh", "relu"):
        assert isinstance(getattr(v, method)(), pente.Value)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "std", "prod", "any"])
def test_a_reduction_of_numpy_names_the_one_that_keeps_the_gradient(name: str) -> None:
    with pytest.raises(UsageError, match=rf"np\.{name} would lose the gradient\. Write pente\.{name}\(x\)"):
        getattr(np, name)(pente.ones((2, 2)))
