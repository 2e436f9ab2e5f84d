"""A model from its file: the layers are made, built for the shapes that are in the file, and given their values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pente import losses, metrics, optimizers
from pente.archive import from_json, read_archive, unpack_arrays
from pente.core.tensor import Variable
from pente.errors import DataError, UsageError
from pente.layers import Layer
from pente.layers.blank import blank_weights
from pente.models.architecture import Drawer
from pente.models.model import Model
from pente.models.saving import FORMAT, HISTORY, training_state
from pente.models.vocabulary import Vocabulary
from pente.models.weights import FORMS
from pente.ops.random import seed_is_chosen, seed_state
from pente.train.callbacks import History
from pente.train.objective import Objective, Output
from pente.train.plan import Plan

__all__ = ["load_model"]

MEMBERS = (
    *("architecture.json", "data.json", "training.json"),
    *("weights.safetensors", "training.safetensors", "arrays.safetensors"),
)
ENTRIES = {
    "architecture.json": {"model", "layers", "parts"},
    "data.json": {"preprocessing", "class_names"},
    "training.json": {"history", "plan"},
}
STATE = {"path", "built", "shapes", "output", "trainable", "fixed"}
PLAN = {"optimizer", "loss", "metrics", "weighted_metrics", "loss_weights", "jit", "verify", "outputs"}


def load_model(filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that ``model.save(filepath)`` wrote, with all that it had: see there.

    ``custom_objects`` has the classes and functions that are not Pente's by their names; a file cannot name anything
    else, and nothing in it is run. A process that has not called ``pente.set_seed`` takes over the seed of the file, so
    that a training goes on with the same random numbers. Raises DataError, with the file and its member, for a file
    that is damaged or is none of Pente's.

    >>> import pente, tempfile
    >>> class Scale(pente.layers.Layer):
    ...     factor: float = 2.0
    ...     def call(self, x):
    ...         return x * self.factor
    >>> model = pente.Sequential([pente.layers.Input((4,)), Scale(3.0)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = model.save(f"{folder}/model.pente")
    ...     pente.load_model(path, custom_objects={"Scale": Scale})(pente.ones((1, 4))).tolist()
    [[3.0, 3.0, 3.0, 3.0]]
    """
    vocabulary = Vocabulary(custom_objects, str(filepath))
    if Path(filepath).suffix.lower() in FORMS:
        raise UsageError(
            f"{filepath} has weights and no layers: make the model, and write model.load_weights({str(filepath)!r})."
        )
    _, members = read_archive(Path(filepath), range(1, FORMAT + 1))
    if set(members) != set(MEMBERS):
        raise DataError(f"{filepath}: it has the members {sorted(members)}, and a model has {sorted(MEMBERS)}.")
    told = {name: _told(filepath, name, members[name]) for name in ENTRIES}
    arrays = {name: unpack_arrays(members.pop(name), f"{filepath}: {name}") for name in MEMBERS if name not in ENTRIES}
    loading = Loading(str(filepath), vocabulary, told, arrays)
    return loading.drawer.guarded("the model", lambda _: loading.model(), None)


def _told(path: Any, name: str, text: bytes) -> Any:
    told = from_json(text, f"{path}: {name}")
    _require_entries(f"{path}: {name}", told, ENTRIES[name])
    return told


def _require_entries(where: str, told: Any, names: set[str]) -> None:
    if not isinstance(told, dict) or set(told) != names:
        got = sorted(map(str, told)) if isinstance(told, dict) else f"{told!r:.80}"
        raise DataError(f"{where} has the entries {sorted(names)}, got {got}.")


class Loading:
    """One file on its way to a model."""

    def __init__(self, path: str, vocabulary: Vocabulary, told: Any, arrays: Any) -> None:
        self.path = path
        self.told = told
        self.weights = arrays["weights.safetensors"]
        self.training = arrays["training.safetensors"]
        self.drawer = Drawer(vocabulary, arrays["arrays.safetensors"])

    def model(self) -> Any:
        """The model, whole."""
        architecture = self.told["architecture.json"]
        model = self.drawer.draw(architecture["parts"], architecture["model"])
        if not isinstance(model, Model):
            raise DataError(f"{self.path}: what was saved is no model, but {type(model).__name__}.")
        model.settle()
        self._build(model, architecture["layers"])
        self._fill(model.named_state(), self.weights, "weights.safetensors")
        model.keep_values()
        self._carry(model)
        self._train(model)
        return model

    def damaged(self, why: str) -> DataError:
        """The error for what no Pente writes."""
        return DataError(f"{self.path}: {why}.")

    # The layers.

    def _build(self, model: Layer, states: Any) -> None:
        """Build each layer for the shapes that it was built for; no more numbers are made than the file has."""
        layers = dict(model.walk())
        with blank_weights(sum(array.nbytes for array in self.weights.values())):
            for state in self.drawer.listed(states):
                _require_entries(f"{self.path}: a layer in architecture.json", state, STATE)
                path = self.drawer.text(state["path"])
                if path not in layers:
                    layers = dict(model.walk())  # what was built may have layers inside
                if path not in layers:
                    raise self.damaged(f"there is a layer {path!r:.80} in it, and {_class_changed(model)}")
                self._build_one(layers[path], state)
        for state in states:
            self._freeze(layers[state["path"]], state)

    def _build_one(self, layer: Layer, state: dict[str, Any]) -> None:
        shapes = self.drawer.value(state["shapes"])
        if state["built"] is True and not layer.built:
            if isinstance(shapes, tuple):
                self.drawer.guarded(state["path"], lambda _: layer.build(*shapes), None)
            else:
                vars(layer)["built"] = True
        vars(layer)["output_shape"] = self.drawer.value(state["output"])

    def _freeze(self, layer: Layer, state: dict[str, Any]) -> None:
        if layer.trainable is not state["trainable"]:
            layer.trainable = state["trainable"] is True
        fixed = self.drawer.listed(state["fixed"])
        for name, variable in layer.own_state().items():
            if variable.trainable == (name in fixed):
                variable.trainable = name not in fixed

    def _fill(self, own: Mapping[str, Variable], values: Mapping[str, np.ndarray[Any, Any]], member: str) -> None:
        """Give each Variable what stands under its name, of exactly its shape and dtype."""
        missing, extra = sorted(own.keys() - values.keys()), sorted(values.keys() - own.keys())
        if missing or extra:
            raise self.damaged(f"{member} lacks {missing[:5]} and has {extra[:5]}, which nothing is named after")
        for name, variable in own.items():
            there, here = values[name], variable.array
            if (there.shape, there.dtype) != (here.shape, here.dtype):
                raise self.damaged(
                    f"{member}: {name} is {there.shape} {there.dtype}, and the layers want {here.shape} {here.dtype}"
                )
        for name, variable in own.items():
            variable.replace(np.array(values[name]))

    # What it carries.

    def _carry(self, model: Any) -> None:
        told = self.told["data.json"]
        model.preprocessing = self.drawer.value(told["preprocessing"])
        names = self.drawer.value(told["class_names"])
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise self.damaged(f"data.json: class_names are {names!r:.80}")
        model.class_names = names
        history = self.drawer.value(self.told["training.json"]["history"])
        if history is not None:
            self._require_history(history)
            model.history = History()
            vars(model.history).update(history)

    def _require_history(self, history: Any) -> None:
        _require_entries(f"{self.path}: the history", history, set(HISTORY))
        kinds = {"history": dict, "epoch": list, "epochs_of": dict}
        if not all(isinstance(history[name], kind) for name, kind in kinds.items()):
            raise self.damaged(f"the history is {history!r:.80}")

    # The training.

    def _train(self, model: Any) -> None:
        told = self.told["training.json"]["plan"]
        if told is not None:
            _require_entries(f"{self.path}: the plan in training.json", told, PLAN)
            model.plan = self._plan({name: self.drawer.value(form) for name, form in told.items()})
            self._make_slots(model)
        own = training_state(model)
        aside = {name for name in self.training if name.startswith("metrics/") and name not in own}  # made when needed
        aside |= set(seed_state()) if seed_is_chosen() else set()
        own = {name: variable for name, variable in own.items() if name not in aside}
        self._fill(own, {k: v for k, v in self.training.items() if k not in aside}, "training.safetensors")

    def _plan(self, told: dict[str, Any]) -> Plan:
        objective = Objective(told["loss"], told["metrics"], told["weighted_metrics"], told["loss_weights"])
        objective.outputs = [self._output(*each) for each in told["outputs"]]
        return Plan(optimizers.get(told["optimizer"]), objective, told["jit"] is True, told["verify"] is True)

    def _output(self, name: Any, loss: Any, weight: Any, plain: Any, weighted: Any) -> Output:
        plain, weighted = ({str(k): metrics.get(m) for k, m in given.items()} for given in (plain, weighted))
        return Output(str(name), None if loss is None else losses.get(loss), float(weight), plain, weighted)

    def _make_slots(self, model: Any) -> None:
        """Let the optimizer make the slots that are in the file."""
        optimizer = model.plan.optimizer
        heads = [f"{each.name}/{slot}/" for each in optimizer.nested() for slot in each.slots]
        state = model.named_state().items()
        slotted = [variable for path, variable in state if any(head + path in self.training for head in heads)]
        if slotted:
            optimizer.build(slotted)


def _class_changed(model: Any) -> str:
    return f"the model that was made has none: {type(model).__name__} makes its layers in __init__ or build"
