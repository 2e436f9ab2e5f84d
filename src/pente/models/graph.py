"""A graph of layers: the calls that lead from a model's inputs to its outputs."""

from collections.abc import Iterable
from typing import Any

from pente import tree
from pente.core.state import state
from pente.errors import ShapeError, UsageError
from pente.layers import InputLayer, Layer
from pente.layers.symbolic import LayerCall, SymbolicTensor, symbols_in

__all__ = ["LayerGraph", "after_consumers", "calls_before", "missing_starts", "require_symbols"]


class LayerGraph:
    """The calls between inputs and outputs, those furthest from the outputs first, as Keras orders them."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.calls = _ordered(symbols_in(inputs), symbols_in(outputs))
        self.layers = _unique(call.layer for call in self.calls)

    def run(self, values: Any) -> Any:
        """The outputs for these inputs, which are built as the graph's own."""
        given = zip(symbols_in(self.inputs), self._given(values), strict=True)
        known = {id(symbol): _shown(symbol, value) for symbol, value in given}

        def value_of(x: Any) -> Any:
            return known[id(x)] if isinstance(x, SymbolicTensor) else x

        for call in self.calls:
            if not any(id(symbol) in known for symbol in symbols_in(call.outputs)):
                args, kwargs = tree.map_leaves(value_of, call.args), tree.map_leaves(value_of, dict(call.kwargs))
                results = tree.leaves(call.layer(*args, **kwargs))
                known.update((id(s), v) for s, v in zip(symbols_in(call.outputs), results, strict=True))
        return tree.map_leaves(value_of, self.outputs)

    def refuse_mistakes(self, values: Any) -> None:
        """Raise where the shape of an input shows what the mistake is; layers find the others themselves."""
        for symbol, value in zip(symbols_in(self.inputs), tree.leaves(values), strict=False):
            if not _fits(symbol, tuple(value.shape)) and _hint(symbol, tuple(value.shape)):
                _check_shape(symbol, value)

    def _given(self, values: Any) -> list[Any]:
        """The values in the order of the inputs, each checked against the shape that it is to have."""
        items, symbols = self.in_order(values), symbols_in(self.inputs)
        for symbol, item in zip(symbols, items, strict=True):
            if not _fits(symbol, tuple(item.shape)):
                _refuse_other_order(symbols, items)
                _check_shape(symbol, item)
        return items

    def in_order(self, values: Any) -> list[Any]:
        """The values in the order of the inputs: a dict by keys or by the Inputs' names, all else by place."""
        symbols = symbols_in(self.inputs)
        if isinstance(values, dict):
            items = self._by_name(values)
        elif isinstance(self.inputs, dict) and len(symbols) > 1:
            names = ", ".join(f"{name!r}: ..." for name in self.inputs)
            raise UsageError(f"the inputs of the model have names: give it a dict, {{{names}}}.")
        else:
            items = tree.leaves(values)
        if len(items) != len(symbols):
            names = ", ".join(symbol.name for symbol in symbols)
            raise UsageError(f"the model has {len(symbols)} inputs, and was given {len(items)}: give it [{names}].")
        return items

    def _by_name(self, values: dict[str, Any]) -> list[Any]:
        names = [symbol.name for symbol in symbols_in(self.inputs)]
        if isinstance(self.inputs, dict):
            own = all(key in values for key in self.inputs)
            if own or not any(name in values for name in names):
                return tree.leaves({key: _named(values, key) for key in self.inputs})
        return [_named(values, name) for name in names]


def _shown(symbol: SymbolicTensor, value: Any) -> Any:
    """What comes in, which somebody may watch under the name of its Input."""
    watched = state.watch is not None and isinstance(symbol.call.layer, InputLayer)
    return state.watch.note(symbol.call.layer, value) if watched else value


def _named(values: dict[str, Any], name: str) -> Any:
    if name not in values:
        raise UsageError(f"the input {name!r} is missing: the dict has {', '.join(map(repr, values))}.")
    return values[name]


def _check_shape(symbol: SymbolicTensor, value: Any) -> None:
    shape = tuple(value.shape)
    if not _fits(symbol, shape):
        raise ShapeError(
            f"the input {symbol.name} expects shape {symbol.shape}, where None is open, and got {shape}."
            f"{_hint(symbol, shape) or f' For such data write Input({shape[1:]}).'}"
        )


def _refuse_other_order(symbols: list[SymbolicTensor], items: list[Any]) -> None:
    """Raise where each input would fit, were they given in the order of the model's inputs."""
    shapes = [tuple(item.shape) for item in items]
    fitting = [[i for i, shape in enumerate(shapes) if _fits(symbol, shape)] for symbol in symbols]
    if sorted(i for places in fitting for i in places) == list(range(len(items))):
        raise ShapeError(
            f"the inputs of the model are [{', '.join(f'{x.name} {x.shape}' for x in symbols)}], and came as shapes "
            f"{', '.join(map(str, shapes))}: in another order. Give [{', '.join(x.name for x in symbols)}], or a dict."
        )


def _fits(symbol: SymbolicTensor, shape: tuple[int, ...]) -> bool:
    return len(shape) == symbol.ndim and all(n in (None, m) for n, m in zip(symbol.shape[1:], shape[1:], strict=True))


def _hint(symbol: SymbolicTensor, shape: tuple[int, ...]) -> str:
    """What is most likely wrong."""
    wanted = symbol.shape
    if len(wanted) == 4 == len(shape) and shape[1] == wanted[3] and shape[2:] == wanted[1:3]:
        return " The channels come last here: write x.transpose(0, 2, 3, 1)."
    if shape == wanted[1:]:
        return (
            " The batch is missing: for a single example write x[None]. If these are many, Input takes the shape of "
            f"one: Input({shape[1:]})."
        )
    if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        return " The last axis, the one channel or feature, is missing: write x[..., None]."
    return ""


def require_symbols(what: str, symbols: Any) -> None:
    """Raise where the inputs or the outputs of a model are something else, or none at all."""
    if not tree.leaves(symbols):
        raise UsageError(f"a model has {what}, got {symbols!r}: write Model(inputs, outputs).")
    for x in tree.leaves(symbols):
        if not isinstance(x, SymbolicTensor):
            hint = " Call the layer: layer(x)." if isinstance(x, Layer) else ""
            raise UsageError(f"the {what} of a model come from Input and from layers called on it, got {x!r}.{hint}")


def missing_starts(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> list[SymbolicTensor]:
    """The Inputs that the outputs depend on, and that are not among the inputs."""
    met = calls_before(outputs, set(map(id, inputs)))
    starts = [call.outputs for call in met if isinstance(call.layer, InputLayer)]
    return [symbol for symbol in starts if not any(symbol is x for x in inputs)]


def _ordered(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> list[LayerCall]:
    """Sorted by the longest way to an output; those equally far as they are met going back from the outputs."""
    begin = set(map(id, inputs))
    met = calls_before(outputs, begin)
    distance: dict[int, int] = {}
    for call in after_consumers(met, begin):
        further = distance.setdefault(id(call), 0) + 1
        for symbol in call.inputs if not _begins(call, begin) else []:
            distance[id(symbol.call)] = max(distance.get(id(symbol.call), 0), further)
    known = set(map(id, met))
    calls = [*met, *(symbol.call for symbol in inputs if id(symbol.call) not in known)]
    own = [call for call in calls if isinstance(call.layer, InputLayer) or not _begins(call, begin)]
    return sorted(own, key=lambda call: -distance.get(id(call), 0))


def _begins(call: LayerCall, begin: set[int]) -> bool:
    """Whether the model starts with what this call gives."""
    return all(id(symbol) in begin for symbol in symbols_in(call.outputs))


def calls_before(outputs: list[SymbolicTensor], begin: set[int]) -> list[LayerCall]:
    """Every call that the outputs depend on, as a walk back meets them; it ends where the model begins."""
    found: dict[int, LayerCall] = {}
    stack = [symbol.call for symbol in reversed(outputs)]
    while stack:
        call = stack.pop()
        if id(call) not in found:
            found[id(call)] = call
            if not _begins(call, begin):
                stack.extend(symbol.call for symbol in reversed(call.inputs))
    return list(found.values())


def after_consumers(met: list[LayerCall], begin: set[int]) -> Iterable[LayerCall]:
    """The calls in an order in which each stands after all that use its outputs."""
    waiting: dict[int, int] = {id(call): 0 for call in met}
    for call in met:
        for symbol in call.inputs if not _begins(call, begin) else []:
            waiting[id(symbol.call)] += 1
    ready = [call for call in met if not waiting[id(call)]]
    while ready:
        call = ready.pop()
        yield call
        for symbol in call.inputs if not _begins(call, begin) else []:
            waiting[id(symbol.call)] -= 1
            if not waiting[id(symbol.call)]:
                ready.append(symbol.call)


def _unique(layers: Iterable[Layer]) -> list[Layer]:
    return list({id(layer): layer for layer in layers}.values())
