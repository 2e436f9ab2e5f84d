"""Layers and the calls between them as JSON, and back.

A list of parts, each of which needs only those before it: a layer by its class and settings, or a call by its layer,
what it was given and the shapes that came out. A layer or call that is used in several places is one part. Nothing is
computed when the parts are put together again: the shapes are in the file.
"""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from pente import tree
from pente.dtypes import as_dtype
from pente.errors import UsageError
from pente.layers import InputLayer, Lambda, Layer
from pente.layers.symbolic import LayerCall, SymbolicTensor, symbols_in
from pente.models.encoding import Decoder, Encoder
from pente.models.model import Model
from pente.models.sequential import Sequential

__all__ = ["Drawer", "Layers"]


@dataclass(frozen=True)
class Open:
    """What a symbolic tensor is, apart from where it comes from."""

    shape: tuple[int | None, ...]
    dtype: str


class Layers(Encoder):
    """From a layer and all below it to parts."""

    def __init__(self, root: Layer) -> None:
        super().__init__()
        self.parts: list[dict[str, Any]] = []
        self.places: dict[int, int] = {}  # by the id of a layer or a call
        self.held: list[Any] = []  # so that no id is given away
        self.paths = {id(layer): path or layer.name for path, layer in root.walk()}
        self.run = {id(call) for _, layer in root.walk() for call in _calls_run(layer)}

    def value(self, x: Any, where: str) -> Any:
        if isinstance(x, Layer):
            return {"part": self.layer(x, where)}
        if isinstance(x, SymbolicTensor):
            return {"symbol": self.symbol(x)}
        if isinstance(x, Open):
            return {"open": [list(x.shape), x.dtype]}
        return super().value(x, where)

    def layer(self, layer: Layer, where: str) -> int:
        """The number of the part that is this layer."""
        if id(layer) in self.places:
            return self.places[id(layer)]
        where = self.paths.get(id(layer), where)
        if isinstance(layer, Lambda):
            raise _lambda_refused(where)
        for call in _calls_in_order(layer):
            self.call(call)
        part = self.configured(layer, where)
        if _is_graph(layer) or _is_stack(layer):
            part["names"] = [[name, self.layer(child, name)] for name, child in layer.children().items()]
        if _is_stack(layer):
            part["tensors"] = [self.symbol(symbol) for symbol in layer.tensors]
        return self._added(layer, part)

    def call(self, call: LayerCall) -> int:
        """The number of the part that is this call; of one that no graph runs, only what came out is kept."""
        if id(call) in self.places:
            return self.places[id(call)]
        where = self.paths.get(id(call.layer), call.layer.name)
        ran = id(call) in self.run
        part = {
            "call": self.layer(call.layer, where),
            "args": self.value(tuple(call.args) if ran else (), where),
            "kwargs": self.value(dict(call.kwargs) if ran else {}, where),
            "outputs": self.value(tree.map_leaves(_opened, call.outputs), where),
            "listed": any(call is own for own in call.layer.calls),
        }
        return self._added(call, part)

    def symbol(self, symbol: SymbolicTensor) -> list[int]:
        """The call that a symbolic tensor comes from, and its place among the outputs."""
        place = next(i for i, own in enumerate(symbols_in(symbol.call.outputs)) if own is symbol)
        return [self.call(symbol.call), place]

    def _added(self, item: Any, part: dict[str, Any]) -> int:
        self.places[id(item)] = len(self.parts)
        self.held.append(item)
        self.parts.append(part)
        return len(self.parts) - 1


def _opened(symbol: SymbolicTensor) -> Open:
    return Open(symbol.shape, symbol.dtype.name)


def _is_stack(layer: Layer) -> TypeGuard[Sequential]:
    """Whether a Sequential is no more than the layers that it was given."""
    return isinstance(layer, Sequential) and type(layer).__init__ is Sequential.__init__


def _is_graph(layer: Layer) -> TypeGuard[Model]:
    """Whether a model is told by its inputs and outputs."""
    return isinstance(layer, Model) and layer.graph is not None and type(layer).__init__ is Model.__init__


def _calls_in_order(layer: Layer) -> list[LayerCall]:
    """The calls that a model is told by, each after those that it depends on."""
    if _is_stack(layer):
        return [symbol.call for symbol in layer.tensors]
    return list(layer.graph.calls) if _is_graph(layer) and layer.graph else []


def _calls_run(layer: Layer) -> Iterator[LayerCall]:
    """Those of them that the model runs, and does not begin with."""
    graph = layer.graph if isinstance(layer, Model) else None
    if graph is not None:
        begins = set(map(id, symbols_in(graph.inputs)))
        yield from (c for c in graph.calls if not all(id(s) in begins for s in symbols_in(c.outputs)))


def _lambda_refused(where: str) -> UsageError:
    return UsageError(
        f"{where} is a Lambda layer, and its function is code, which no file holds. Write a class: class Doubled("
        "pente.layers.Layer): def call(self, x): return x * 2.0; and load the model with "
        'pente.load_model(path, custom_objects={"Doubled": Doubled}).'
    )


class Drawer(Decoder):
    """From parts to layers and calls."""

    def draw(self, parts: Any, last: Any) -> Layer:
        """Make all parts in their order; the layer with the number ``last`` is returned."""
        self.drawn: list[Any] = []
        self.tags |= {"part": self._layer, "symbol": self._symbol, "open": self._open}
        for part in self.listed(parts):
            if not isinstance(part, dict):
                raise self.damaged(f"{part!r:.80} is no layer and no call")
            self.drawn.append(self._call(**self._fields(part)) if "call" in part else self._made(part))
        return self._layer(last)

    def _fields(self, part: dict[str, Any]) -> dict[str, Any]:
        if set(part) != {"call", "args", "kwargs", "outputs", "listed"}:
            raise self.damaged(f"a call with the entries {sorted(part)}")
        return part

    def _made(self, part: dict[str, Any]) -> Layer:
        """A layer, with the layers and symbolic tensors that it was made of."""
        if not {"class", "config"} <= set(part) <= {"class", "config", "names", "tensors"}:
            raise self.damaged(f"a layer with the entries {sorted(part)}")
        kind, settings = self.vocabulary.thing(part["class"]), self.settings(part["config"])
        if not isinstance(kind, type) or not issubclass(kind, Layer):
            raise self.damaged(f"{part['class']} is no layer")
        if "tensors" in part and issubclass(kind, Sequential):
            return self._stack(kind, settings, part)
        if "names" in part and issubclass(kind, Model):
            return self._graph(kind, settings, part)
        layer: Layer = self.made(kind, settings)
        return layer

    def _stack(self, kind: type[Sequential], settings: dict[str, Any], part: dict[str, Any]) -> Sequential:
        """A Sequential, of layers that were called before."""
        stack = settings.pop("layers", None)
        if not isinstance(stack, list) or not all(isinstance(layer, Layer) for layer in stack):
            raise self.damaged("a Sequential without its layers")
        model: Sequential = self.made(kind, settings)
        self._name(model, part.get("names"))
        tensors = [self._symbol(each) for each in self.listed(part["tensors"])]
        self.guarded(kind.__name__, lambda _: model.take(stack, tensors), None)
        return model

    def _graph(self, kind: type[Model], settings: dict[str, Any], part: dict[str, Any]) -> Model:
        """A model from inputs to outputs."""
        inputs, outputs = settings.pop("inputs", None), settings.pop("outputs", None)
        model: Model = self.made(kind, settings)
        self._name(model, part["names"])
        self.guarded(kind.__name__, lambda _: model.draw_graph(inputs, outputs), None)
        return model

    def _name(self, model: Layer, names: Any) -> None:
        """Let the layers of a model have the names that they had there, if no model has them yet."""
        for name, number in (self.items(pair, 2) for pair in self.listed(names)):
            child = self._layer(number)
            if child.home is None or child.home() is None:
                vars(child).update(home=weakref.ref(model), place=self.text(name))

    def _call(self, call: Any, args: Any, kwargs: Any, outputs: Any, listed: Any) -> LayerCall:
        layer = self._layer(call)
        if isinstance(layer, InputLayer):
            return layer.calls[0]
        made = LayerCall(layer, self._of(tuple, args), self._of(dict, kwargs))
        made.outputs = tree.map_leaves(lambda x: self._symbol_of(made, x), self.value(outputs))
        if listed is True:
            layer.calls.append(made)
        return made

    def _of(self, kind: type, form: Any) -> Any:
        value = self.value(form)
        if type(value) is not kind:
            raise self.damaged(f"a {kind.__name__} is expected, got {form!r:.80}")
        return value

    def _symbol_of(self, call: LayerCall, x: Any) -> SymbolicTensor:
        if not isinstance(x, Open):
            raise self.damaged(f"a shape and a dtype are expected, got {x!r:.80}")
        return SymbolicTensor(x.shape, as_dtype(x.dtype), call)

    def _open(self, content: Any) -> Open:
        shape, dtype = self.items(content, 2)
        if not isinstance(shape, list) or not all(n is None or (type(n) is int and n >= 0) for n in shape):
            raise self.damaged(f"{shape!r:.80} is no shape")
        return Open(tuple(shape), as_dtype(self.text(dtype)).name)

    def _drawn(self, number: Any, kind: type) -> Any:
        if type(number) is not int or not 0 <= number < len(self.drawn) or not isinstance(self.drawn[number], kind):
            raise self.damaged(f"part {number!r:.80} is no {kind.__name__} that stands before it")
        return self.drawn[number]

    def _layer(self, number: Any) -> Layer:
        layer: Layer = self._drawn(number, Layer)
        return layer

    def _symbol(self, content: Any) -> SymbolicTensor:
        number, place = self.items(content, 2)
        symbols = symbols_in(self._drawn(number, LayerCall).outputs)
        if type(place) is not int or not 0 <= place < len(symbols):
            raise self.damaged(f"a call has {len(symbols)} outputs, and none with the number {place!r:.80}")
        return symbols[place]
