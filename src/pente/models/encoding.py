"""Settings as JSON and back: a small closed set of forms, each of which comes back as it was.

None, bool, int, str and finite floats are themselves, a list is a list. All else is an object with one key, or, for
what is told by its settings, with ``class`` and ``config``: ``{"tuple": [1, 2]}``, ``{"dict": [["a", 1]]}``,
``{"float": "nan"}``, ``{"dtype": "float32"}``, ``{"slice": [0, null, 2]}``. Arrays stand in a file of their own, and
``{"array": "0"}`` says which.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from types import EllipsisType, MappingProxyType
from typing import Any

import numpy as np

from pente.config import Configured
from pente.core.tensor import Tensor, Variable
from pente.dtypes import as_dtype
from pente.errors import DataError, PenteError, UsageError
from pente.models.vocabulary import Vocabulary, name_of

__all__ = ["Decoder", "Encoder"]

PLAIN = frozenset({type(None), bool, int, str})
DEEPEST = 50  # of nested settings

# What a class whose settings are code would have to raise while it is made.
FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)


class Encoder:
    """From values to JSON; ``arrays`` gathers what stands in a file of its own."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.depth = 0

    def value(self, x: Any, where: str) -> Any:
        """The form of this value. Raises UsageError, with ``where`` as its place, for what has none."""
        if type(x) in PLAIN:
            return x
        self.depth += 1
        if self.depth > DEEPEST:
            raise UsageError(f"{where[:80]}… is nested more than {DEEPEST} deep, and cannot be saved.")
        try:
            return self.form(x, where)
        finally:
            self.depth -= 1

    def form(self, x: Any, where: str) -> Any:
        """The form of a value that is not JSON already."""
        for kind, form in FORMS.items():
            if type(x) is kind:
                return form(self, x, where)
        if isinstance(x, (np.dtype, np.generic)) or (isinstance(x, type) and issubclass(x, (np.generic, float, int))):
            return _dtype_or_scalar(self, x, where)
        if isinstance(x, (Variable, np.ndarray)):
            raise self.refusal(x, where)
        if hasattr(type(x), "get_config") and hasattr(type(x), "from_config"):
            return self.configured(x, where)
        if callable(x) and hasattr(x, "__name__"):
            return {"thing": self.named(x, where)}
        raise self.refusal(x, where)

    def configured(self, x: Any, where: str) -> dict[str, Any]:
        """An object by its class and settings."""
        _require_all_settings(x, where)
        return {"class": self.named(type(x), where), "config": self.settings(x, where)}

    def settings(self, x: Any, where: str) -> dict[str, Any]:
        """The configuration of an object, each entry in its form."""
        return {name: self.value(value, f"{where}.{name}") for name, value in x.get_config().items()}

    def named(self, thing: Any, where: str) -> str:
        """The name of a class or function."""
        try:
            return name_of(thing)
        except UsageError as error:
            raise UsageError(f"{where} cannot be saved: {error}") from None

    def refusal(self, x: Any, where: str) -> UsageError:
        """Why this cannot be saved, and what can."""
        return UsageError(
            f"{where} is {x!r:.80}, of {type(x).__name__}, and cannot be saved. Settings are numbers, text, lists, "
            "tuples, dicts, arrays, dtypes, functions with a name, and objects with get_config() and from_config()."
        )

    def kept(self, array: Any) -> str:
        """The name under which an array is kept."""
        name = str(len(self.arrays))
        self.arrays[name] = np.asarray(array)
        return name


def _require_all_settings(x: Any, where: str) -> None:
    """Raise where the class takes *arguments, which have no names, and does not say itself what is kept of them."""
    made = type(x).__init__
    if made is object.__init__ or type(x).get_config is not Configured.get_config:
        return
    if any(each.kind is each.VAR_POSITIONAL for each in inspect.signature(made).parameters.values()):
        raise UsageError(
            f"{where} is {type(x).__name__}, whose __init__ takes *arguments, and these have no names to be saved "
            "under: take one list instead, or write get_config(self) and from_config(cls, config)."
        )


def _float(encoder: Encoder, x: float, where: str) -> Any:
    return x if math.isfinite(x) else {"float": repr(x)}


def _list(encoder: Encoder, x: list[Any], where: str) -> Any:
    return [encoder.value(item, f"{where}[{i}]") for i, item in enumerate(x)]


def _tuple(encoder: Encoder, x: tuple[Any, ...], where: str) -> Any:
    return {"tuple": _list(encoder, list(x), where)}


def _dict(encoder: Encoder, x: Mapping[Any, Any], where: str) -> Any:
    return {"dict": [[encoder.value(k, where), encoder.value(v, f"{where}[{k!r}]")] for k, v in x.items()]}


def _slice(encoder: Encoder, x: slice, where: str) -> Any:
    return {"slice": _list(encoder, [x.start, x.stop, x.step], where)}


def _ellipsis(encoder: Encoder, x: EllipsisType, where: str) -> Any:
    return {"ellipsis": True}


def _array(encoder: Encoder, x: Any, where: str) -> Any:
    if x.dtype.kind not in "biufc":
        raise encoder.refusal(x, where)
    return {"array": encoder.kept(x)}


def _tensor(encoder: Encoder, x: Tensor, where: str) -> Any:
    return {"tensor": encoder.kept(x.numpy())}


def _dtype_or_scalar(encoder: Encoder, x: Any, where: str) -> Any:
    return {"scalar": encoder.kept(x)} if isinstance(x, np.generic) else {"dtype": as_dtype(x).name}


FORMS: dict[type, Callable[[Encoder, Any, str], Any]] = {
    float: _float,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    MappingProxyType: _dict,
    slice: _slice,
    EllipsisType: _ellipsis,
    np.ndarray: _array,
    Tensor: _tensor,
}


class Decoder:
    """From JSON to values, with nothing but the vocabulary and the arrays of the file."""

    def __init__(self, vocabulary: Vocabulary, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.depth = 0
        self.tags: dict[str, Callable[[Any], Any]] = {
            "array": lambda name: np.array(self.array(name)),
            "dict": self._dict,
            "dtype": lambda name: as_dtype(self.text(name)),
            "ellipsis": lambda _: ...,
            "float": lambda digits: float(self.text(digits)),
            "scalar": lambda name: self.array(name)[()],
            "slice": lambda parts: slice(*self.items(parts, 3)),
            "tensor": lambda name: Tensor(np.array(self.array(name))),
            "thing": self.vocabulary.thing,
            "tuple": lambda items: tuple(self.items(items)),
        }

    def value(self, form: Any) -> Any:
        """The value of this form. Raises DataError for what is none."""
        if type(form) in PLAIN or type(form) is float:
            return form
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.damaged("its settings are nested without end")
        try:
            return self._nested(form)
        finally:
            self.depth -= 1

    def _nested(self, form: Any) -> Any:
        if isinstance(form, list):
            return [self.value(item) for item in form]
        if set(form) == {"class", "config"}:
            return self.made(self.vocabulary.thing(form["class"]), self.settings(form["config"]))
        (tag, content), *others = form.items() or [(None, None)]
        if others or tag not in self.tags:
            raise self.damaged(f"{form!r:.80} is no form of a value")
        return self.guarded(f"{form!r:.80}", self.tags[tag], content)

    def settings(self, forms: Any) -> dict[str, Any]:
        """The settings of an object."""
        if not isinstance(forms, dict):
            raise self.damaged(f"settings stand by their names, got {forms!r:.80}")
        return {name: self.value(form) for name, form in forms.items()}

    def made(self, kind: Any, settings: dict[str, Any]) -> Any:
        """The object of this class with these settings."""
        if not isinstance(kind, type) or not hasattr(kind, "from_config"):
            raise self.damaged(f"{kind!r} is no class that is made from settings")
        return self.guarded(kind.__name__, kind.from_config, settings)

    def guarded(self, what: str, make: Callable[[Any], Any], given: Any) -> Any:
        """What ``make`` makes; where it fails, the file is to blame."""
        try:
            return make(given)
        except PenteError as error:
            error.add_note(f"in {what}, as it stands in {self.vocabulary.path}")
            raise
        except FAULTS as error:
            raise self.damaged(f"{what} cannot be made: {type(error).__name__}: {error}") from error

    def array(self, name: Any) -> np.ndarray[Any, Any]:
        """One of the arrays of the file."""
        if name not in self.arrays:
            raise self.damaged(f"there is no array {name!r:.80}")
        return self.arrays[name]

    def items(self, forms: Any, count: int | None = None) -> list[Any]:
        """A list of values, of this length where one is given."""
        items = [self.value(form) for form in self.listed(forms)]
        if count not in (None, len(items)):
            raise self.damaged(f"{count} things are expected, got {forms!r:.80}")
        return items

    def text(self, given: Any) -> str:
        """A piece of text."""
        if not isinstance(given, str):
            raise self.damaged(f"text is expected, got {given!r:.80}")
        return given

    def _dict(self, forms: Any) -> dict[Any, Any]:
        return dict(self.items(pair, 2) for pair in self.listed(forms))

    def listed(self, forms: Any) -> list[Any]:
        """A list, of whatever."""
        if not isinstance(forms, list):
            raise self.damaged(f"a list is expected, got {forms!r:.80}")
        return forms

    def damaged(self, why: str) -> DataError:
        """The error for what no Pente writes."""
        return DataError(f"{self.vocabulary.path}: {why}.")
