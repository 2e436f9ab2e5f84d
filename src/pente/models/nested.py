"""Tensors inside of nested models, as inputs and outputs of a model around them.

A nested model is a single call in the graph around it. Where the outputs of a new model, or its inputs, stand inside of
the nested one, that call is opened: the layers inside are called in its place, on what the nested model was called on.
"""

from collections.abc import Iterator
from typing import Any

from pente import tree
from pente.core.tensor import Variable
from pente.errors import UsageError
from pente.layers.symbolic import LayerCall, SymbolicTensor, result_of, symbols_in
from pente.models.graph import LayerGraph, after_consumers, calls_before, missing_starts, require_symbols

__all__ = ["seen_from", "variables_before"]


def seen_from(inputs: Any, outputs: Any) -> Any:
    """The outputs as they are computed from these inputs, with nested models opened where that is needed.

    Raises UsageError where an output depends on something else, or where a nested model was called several times, so
    that a tensor inside of it is several.
    """
    require_symbols("inputs", inputs)
    require_symbols("outputs", outputs)
    begin = symbols_in(inputs)
    while missing := missing_starts(begin, symbols_in(outputs)):
        call = _entered(missing, begin) or _left(symbols_in(outputs), begin)
        if call is None:
            raise _unreached(missing[0])
        outputs = _opened(call, outputs, begin)
    return outputs


def variables_before(ends: list[SymbolicTensor], begin: list[SymbolicTensor]) -> Iterator[Variable]:
    """The variables on the way from here to there: of a nested model those on the way to what is used of it."""
    calls = calls_before(ends, set(map(id, begin)))
    used = set(map(id, [*ends, *(symbol for call in calls for symbol in call.inputs)]))
    for call in calls:
        graph = _graph_of(call.layer)
        if graph is None:
            yield from call.layer.variables
        else:
            yield from call.layer.own_state().values()
            both = zip(symbols_in(call.outputs), symbols_in(graph.outputs), strict=True)
            yield from variables_before([own for given, own in both if id(given) in used], symbols_in(graph.inputs))


# Which call is opened.


def _entered(missing: list[SymbolicTensor], begin: list[SymbolicTensor]) -> LayerCall | None:
    """The call of a nested model that gives one of these its value."""
    for symbol in missing:
        call = _only(
            [call for call in _calls_on(symbol) if _comes_from(call, begin, ())],
            "an output stands inside of the model {0!r}, which was called {1} times on what comes from the inputs: "
            "{2}. Say which is meant: inside = Model({0}.input, output), then Model(inputs, inside(x)).",
        )
        if call is not None:
            return call
    return None


def _left(outputs: list[SymbolicTensor], begin: list[SymbolicTensor]) -> LayerCall | None:
    """The call of a nested model inside of which an input stands."""
    met = calls_before(outputs, set(map(id, begin)))
    return _only(
        [call for call in met if any(_stands_in(call.layer, symbol) for symbol in begin)],
        "an input stands inside of the model {0!r}, which the outputs call {1} times: {2}. Begin with an Input of its "
        "own: behind = Model(input, {0}.output), then behind(Input(...)) where it is meant.",
    )


def _only(calls: list[LayerCall], several: str) -> LayerCall | None:
    """The only call among these, where those on the same tensors are one."""
    ways = {_givens(call): call for call in calls}
    if len(ways) > 1:
        names = [f"on {', '.join(x.name for x in call.inputs)}" for call in ways.values()]
        raise UsageError(several.format(calls[0].layer.name, len(ways), " and ".join(names)))
    return next(iter(ways.values()), None)


def _calls_on(symbol: SymbolicTensor) -> Iterator[LayerCall]:
    """The calls of the models that begin with this."""
    for model in _beginning_with(symbol):
        yield from model.calls


def _beginning_with(symbol: SymbolicTensor) -> list[Any]:
    """The models that begin with this, and compute what their graph says."""
    graphs = [(model, _graph_of(model)) for model in symbol.models]
    return [model for model, graph in graphs if graph and any(symbol is x for x in symbols_in(graph.inputs))]


def _graph_of(layer: Any) -> LayerGraph | None:
    """The graph of a model, unless it has a ``call`` of its own, which may do something else."""
    return layer.graph if getattr(layer, "follows_graph", False) else None


def _comes_from(call: LayerCall, begin: list[SymbolicTensor], above: tuple[LayerCall, ...]) -> bool:
    """Whether what a nested model was called on can be computed, perhaps inside of another nested model."""
    if any(call is each for each in above):
        return False
    missing = missing_starts(begin, call.inputs)
    return all(any(_comes_from(each, begin, (*above, call)) for each in _calls_on(symbol)) for symbol in missing)


def _givens(call: LayerCall) -> tuple[Any, ...]:
    """What tells calls apart that give a nested model something else."""
    return (*map(id, tree.leaves(call.args)), *((name, id(x)) for name, x in dict(call.kwargs).items()))


def _stands_in(layer: Any, symbol: SymbolicTensor) -> bool:
    """Whether this is in the graph of a model, or of a model in it."""
    graph = _graph_of(layer)
    if graph is None:
        return False
    begins = any(symbol is x for x in symbols_in(graph.inputs))
    return begins or any(call is symbol.call or _stands_in(call.layer, symbol) for call in graph.calls)


# Opening it.


def _opened(call: LayerCall, outputs: Any, begin: list[SymbolicTensor]) -> Any:
    """The outputs, with the layers of a nested model in the place of its call."""
    graph: LayerGraph = call.layer.graph  # type: ignore[attr-defined]
    options = dict(call.kwargs)
    values = call.args[0] if call.args else options.pop("inputs")
    known = dict(zip(map(id, symbols_in(graph.inputs)), graph.in_order(values), strict=True))
    known.update((id(symbol), symbol) for symbol in begin)
    inside = _again(graph.outputs, known, options)
    known.update(zip(map(id, symbols_in(call.outputs)), tree.leaves(inside), strict=True))
    return _again(outputs, known, {})


def _again(outputs: Any, known: dict[int, Any], options: dict[str, Any]) -> Any:
    """The outputs where these symbols have become others: what depends on them is called again."""

    def now(x: Any) -> Any:
        return known.get(id(x), x)

    calls = list(after_consumers(calls_before(symbols_in(outputs), set(known)), set(known)))
    for call in reversed(calls):
        if any(now(symbol) is not symbol for symbol in call.inputs):
            args, kwargs = tree.map_leaves(now, call.args), tree.map_leaves(now, dict(call.kwargs))
            again = LayerCall(call.layer, args, options | kwargs)
            again.outputs = result_of(again)
            for old, new in zip(symbols_in(call.outputs), symbols_in(again.outputs), strict=True):
                known.setdefault(id(old), new)
    return tree.map_leaves(now, outputs)


def _unreached(symbol: SymbolicTensor) -> UsageError:
    inside = sorted(model.name for model in _beginning_with(symbol))
    hint = (
        f" It is where {inside[0]!r} begins, and that was not called on anything that comes from the inputs: "
        f"Model({inside[0]}.input, outputs) begins there, too. A call inside of a class's call() does not count; what "
        "is computed there, model.record(x) shows."
        if inside
        else ""
    )
    return UsageError(
        f"the outputs depend on {symbol!r}, which is not among the inputs: write "
        f"Model([..., {symbol.name}], outputs).{hint}"
    )
