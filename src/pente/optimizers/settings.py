"""What an optimizer may be given, and what is said where it is given something else."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pente.config import arguments
from pente.core.node import is_abstract
from pente.core.tensor import Handle
from pente.errors import UnknownNameError, UsageError

__all__ = ["SCHEDULED", "check", "check_arguments", "elsewhere"]

Rule = tuple[str, Callable[[float], bool]]

POSITIVE: Rule = ("a number above 0", lambda x: 0 < x < math.inf)
NOT_NEGATIVE: Rule = ("a number from 0 up", lambda x: 0 <= x < math.inf)
SHARE: Rule = ("a number from 0 up to but without 1", lambda x: 0 <= x < 1)

RULES: Mapping[str, Rule] = {
    "learning_rate": POSITIVE,
    "weight_decay": NOT_NEGATIVE,
    "momentum": ("a number from 0 to 1", lambda x: 0 <= x <= 1),
    "rho": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": POSITIVE,
    "clipnorm": POSITIVE,
    "clipvalue": POSITIVE,
    "global_clipnorm": POSITIVE,
    "initial_accumulator_value": NOT_NEGATIVE,
    "steps": ("a whole number from 1 up", lambda x: x >= 1 and x == int(x)),
    "rate": NOT_NEGATIVE,
    "decay": NOT_NEGATIVE,
}
SCHEDULED = ("learning_rate", "weight_decay", "momentum", "rho", "beta_1", "beta_2")  # those that may follow a schedule
OPTIONAL = {"weight_decay", "clipnorm", "clipvalue", "global_clipnorm"}

# The words of other libraries, and what to write instead.
HABITS = {
    "lr": "learning_rate=0.001",
    "betas": "beta_1=0.9, beta_2=0.999",
    "eps": "epsilon=1e-7",
    "alpha": "rho=0.9",
    "decay": "weight_decay=0.004",
}

ATTRIBUTES = {
    "lr": "opt.learning_rate",
    "exclude_from_weight_decay": 'segments={"*/bias": Segment(decay=0.0)} when the optimizer is made',
    "param_groups": 'Grouped({"*/bias": SGD(0.1), "*": Adam(0.001)}), or segments of one optimizer',
    "use_ema": "EMA(optimizer, momentum=0.99)",
    "gradient_accumulation_steps": "Accumulation(optimizer, steps=4)",
    "zero_grad": "model.zero_grad()",
    "state_dict": "opt.variables",
}


def check(name: str, value: Any) -> None:
    """Raise UsageError where a setting is not in its range; a traced value passes."""
    if name not in RULES or (value is None and name in OPTIONAL):
        return
    if name in SCHEDULED and (isinstance(value, Mapping) or (callable(value) and not isinstance(value, type))):
        return
    if isinstance(value, Handle) and is_abstract(value.data):
        return
    wanted, fits = RULES[name]
    if isinstance(value, (str, bool)) or not hasattr(value, "__float__") or not fits(float(value)):
        raise UsageError(f"{name} is {wanted}, got {value!r}.")


def elsewhere(name: str) -> str:
    """The end of a message about what other libraries' optimizers have: what to write instead."""
    return f": write {ATTRIBUTES[name]}." if name in ATTRIBUTES else ""


def check_arguments(made: type[Any], given: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Raise UsageError, with the line that works, for what other libraries' optimizers are given."""
    rate = given[0] if given else options.get("learning_rate")
    if _holds_weights(rate) or options.keys() & {"params", "parameters"}:
        raise UsageError(
            f"an optimizer of Pente is not given the weights when it is made. Write opt = {made.__name__}(0.001), then "
            "opt.apply(grads, model), or opt.step(model) after loss.backward()."
        )
    known = arguments(made)
    for word in options:
        own = HABITS.get(word, "")
        if word not in known and own.split("=")[0] in known:
            told = options[word] if own.startswith("learning_rate=") and isinstance(options[word], float) else None
            line = own if told is None else f"learning_rate={told}"
            raise UsageError(f"{made.__name__} has no {word}=: write {made.__name__}({line}).")
        if word not in known and elsewhere(word):
            raise UsageError(f"{made.__name__} has no {word}={elsewhere(word)}")
        if word not in known:
            raise UnknownNameError(f"argument of {made.__name__}", word, known)


def _holds_weights(given: Any) -> bool:
    if hasattr(given, "trainable_variables") or (isinstance(given, Handle) and given.shape != ()):
        return True
    return isinstance(given, Iterable) and not (hasattr(given, "__float__") or isinstance(given, (str, Mapping)))
