"""A model as a file: what of it is kept, and under which names."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from pente.archive import pack_arrays, to_json, write_archive
from pente.core.tensor import Variable
from pente.errors import UsageError
from pente.models.weights import Unmatched, read_weights, write_weights
from pente.ops.random import seed_state

if TYPE_CHECKING:
    from pente.models.architecture import Layers
    from pente.train.plan import Plan

__all__ = ["FORMAT", "Saved", "training_state"]

FORMAT = 1

# Endings of other libraries and purposes, and what to write instead.
ELSEWHERE = {
    ".safetensors": "model.save_weights({path!r}) writes the weights alone",
    ".npz": "model.save_weights({path!r}) writes the weights alone",
    ".h5": "Pente writes no HDF5: model.save_weights('{stem}.safetensors') writes the weights alone",
}


class Saved:
    """What models know of files, and what they carry for those who use them: preprocessing, and names of classes."""

    preprocessing: Any = None
    class_names: list[str] | None = None

    if TYPE_CHECKING:
        plan: Plan | None

        def named_state(self) -> dict[str, Variable]: ...

    def save(self, filepath: str | os.PathLike[str]) -> Path:
        """Write all of the model to one file that ends in .pente; the path is returned.

        In it are the layers, the weights, the optimizer with its state, losses and metrics, ``history``,
        ``preprocessing``, ``class_names`` and the state of random numbers, so that a model that is loaded predicts the
        same and goes on with its training as if it had never stopped. The file is written beside its place and then
        moved into it: a crash or a full disk leaves the file that was there. Raises UsageError for what no file holds:
        a Lambda layer, a function without a name.

        >>> import pente, tempfile
        >>> model = pente.Sequential([pente.layers.Input((4,)), pente.layers.Dense(3)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = model.save(f"{folder}/model.pente")
        ...     pente.load_model(path)(pente.ones((2, 4))).shape
        (2, 3)
        """
        from importlib import metadata  # only where it is needed: it loads half of the standard library

        target = Path(filepath)
        if target.suffix.lower() != ".pente":
            raise UsageError(
                f"a model is saved to a file that ends in .pente, got {str(filepath)!r}. {_instead(target)}"
            )
        versions = {"pente": metadata.version("pente"), "numpy": np.__version__, "python": platform.python_version()}
        write_archive(target, FORMAT, versions, _members(self))
        return target

    def save_weights(self, filepath: str | os.PathLike[str]) -> Path:
        """Write the weights, by their paths, to a file that ends in .safetensors or .npz; the path is returned.

        >>> import pente, tempfile
        >>> model = pente.Sequential([pente.layers.Input((4,)), pente.layers.Dense(3)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = model.save_weights(f"{folder}/weights.safetensors")
        ...     model.load_weights(path)
        Unmatched(missing=[], unexpected=[])
        """
        return write_weights(self, filepath)

    def load_weights(self, filepath: str | os.PathLike[str], *, strict: bool = True) -> Unmatched:
        """Replace the weights by those that stand under their paths in a .safetensors or .npz file.

        Raises DataError where the file lacks a weight, has one too many, or one of another shape, and changes nothing
        then. With ``strict=False`` what is missing and what is too much is left aside, and returned.
        """
        return read_weights(self, filepath, strict)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise UsageError(
            "a model is not pickled, for a pickle can run code when it is read. Write model.save('model.pente') and "
            "pente.load_model('model.pente'); a copy in memory is copy.deepcopy(model)."
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A model of its own: layers, weights, optimizer and all."""
        from pente.models.copying import copied

        twin: Self = copied(self, memo)
        return twin


def _instead(target: Path) -> str:
    own = f"model.save({str(target.with_suffix('.pente'))!r})"
    told = ELSEWHERE.get(target.suffix.lower(), "").format(path=str(target), stem=target.with_suffix("").stem)
    return f"Write {own}" + (f"; {told}." if told else ".")


def _members(model: Any) -> dict[str, bytes]:
    """Everything that is kept of a model, as the members of its file."""
    from pente.models.architecture import Layers

    encoder = Layers(model)
    architecture = {"model": encoder.layer(model, "the model"), "layers": [*_states(model, encoder)]}
    told = {
        "architecture.json": architecture | {"parts": encoder.parts},
        "data.json": {
            "preprocessing": encoder.value(model.preprocessing, "model.preprocessing"),
            "class_names": encoder.value(_plain_names(model.class_names), "model.class_names"),
        },
        "training.json": {"history": _history(model, encoder), "plan": _plan(model.plan, encoder)},
    }
    model.keep_values()
    arrays = {
        "weights.safetensors": {path: variable.array for path, variable in model.named_state().items()},
        "training.safetensors": {name: variable.array for name, variable in training_state(model).items()},
        "arrays.safetensors": encoder.arrays,
    }
    texts = {name: to_json(value, name) for name, value in told.items()}
    return texts | {name: pack_arrays(values) for name, values in arrays.items()}


def _plain_names(names: Any) -> Any:
    if names is not None and not all(isinstance(name, str) for name in names):
        raise UsageError(f"model.class_names is a list of names, as in ['cat', 'dog'], got {names!r:.80}.")
    return None if names is None else [str(name) for name in names]


def _states(model: Any, encoder: "Layers") -> Any:
    """What became of each layer since it was made: whether it is built, for which shapes, and what is frozen."""
    for path, layer in model.walk():
        yield {
            "path": path,
            "built": layer.built,
            "shapes": encoder.value(layer.build_shapes, path),
            "output": encoder.value(layer.output_shape, path),
            "trainable": bool(layer.trainable),
            "fixed": [name for name, variable in layer.own_state().items() if not variable.trainable],
        }


def _history(model: Any, encoder: "Layers") -> Any:
    kept = None if model.history is None else {name: getattr(model.history, name) for name in HISTORY}
    return encoder.value(kept, "model.history")


HISTORY = ("history", "epoch", "epochs_of")


def _plan(plan: "Plan | None", encoder: "Layers") -> Any:
    """What ``compile`` was told, and what became of it."""
    if plan is None:
        return None
    objective = plan.objective
    settings = {
        "optimizer": plan.optimizer,
        "loss": objective.given,
        "metrics": objective.given_metrics,
        "weighted_metrics": objective.given_weighted,
        "loss_weights": objective.given_weights,
        "jit": plan.jit,
        "verify": plan.verify,
        "outputs": [[o.name, o.loss, o.weight, o.metrics, o.weighted] for o in objective.outputs],
    }
    return {name: encoder.value(value, f"compile({name}=...)") for name, value in settings.items()}


def training_state(model: Any) -> dict[str, Variable]:
    """The Variables of a training that are not in the model, by the names that they have in a file."""
    found = seed_state()
    if model.plan is not None:
        found |= _optimizer_state(model)
        for place, metric in enumerate(model.plan.objective.counted()):
            found |= {f"metrics/{place}/{i}": variable for i, variable in enumerate(metric.variables)}
        found["data/epoch"] = model.plan.epochs
    return found


def _optimizer_state(model: Any) -> Mapping[str, Variable]:
    """The optimizer's Variables; of slots those for weights of this model, named by the paths that they have in it."""
    paths = {variable: path for path, variable in model.named_state().items()}
    found: dict[str, Variable] = {}
    for optimizer in model.plan.optimizer.nested():
        for name, variable in optimizer.named_state(paths).items():
            if found.setdefault(name, variable) is not variable:
                raise UsageError(
                    f"two Variables of the optimizer are named {name!r}: give one of its parts another name=."
                )
    return found
