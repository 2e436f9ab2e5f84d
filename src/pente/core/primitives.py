"""The closed set of primitives: name, rule, formula, and sample inputs of each.

Every interpreter (evaluate, differentiate, push forward, batch, lower, explain) is a table with one row for each of
these. A composite is a named operation with a body made of primitives; an interpreter may have a row for it, or expand
it. To call one does what its inputs ask for: arrays give arrays, tensors give tensors.
"""

from collections.abc import Callable
from typing import Any

from pente.core import rules, samples
from pente.core.samples import Samples
from pente.core.state import state
from pente.errors import PenteError

__all__ = ["COMPOSITES", "PRIMITIVES", "Composite", "Primitive", "composite"]


class Primitive:
    """An operation of the engine.

    ``rule`` tells the output from the inputs; ``formula`` is its text, with {0}, {1} for the inputs, and ``precedence``
    tells when it wants brackets (1 sum, 2 product, 3 power, 4 closed). ``stops`` says why there is no gradient, where
    there is none. ``evaluate`` and ``scalar`` are the rows of the eager table, for arrays and for plain floats.
    """

    __slots__ = ("evaluate", "formula", "name", "precedence", "rule", "samples", "scalar", "stops")

    def __init__(
        self, name: str, rule: Callable[..., Any], formula: str, samples: Samples, precedence: int = 4, stops: str = ""
    ) -> None:
        self.name = name
        self.rule = rule
        self.formula = formula
        self.precedence = precedence
        self.samples = samples
        self.stops = stops
        self.evaluate: Callable[..., Any] = self._no_row
        self.scalar: Callable[..., float] | None = None

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        return dispatch.call(self, inputs, params)

    def spec(self, *specs: Any, **params: Any) -> Any:
        """The Spec of the output; raises with the name of the operation and the layer it was called in."""
        try:
            return self.rule(*specs, **params)
        except PenteError as error:
            place = f" in {state.path}" if state.path else ""
            raise type(error)(f"{self.name}{place}: {error}") from None

    def _no_row(self, *inputs: Any, **params: Any) -> Any:
        raise NotImplementedError(f"{self.name} has no evaluation row")

    def __repr__(self) -> str:
        return self.name


class Composite(Primitive):
    """An operation with a body made of primitives."""

    __slots__ = ("body",)

    def __init__(
        self, name: str, body: Callable[..., Any], formula: str, samples: Samples, precedence: int = 4, stops: str = ""
    ) -> None:
        super().__init__(name, self._rule, formula, samples, precedence, stops)
        self.body = body
        self.evaluate = body

    def _rule(self, *specs: Any, **params: Any) -> Any:
        from pente.core.tracer import output_spec

        return output_spec(self.body, specs, params)


PRIMITIVES: dict[str, Primitive] = {}
COMPOSITES: dict[str, Composite] = {}


def _primitive(*args: Any, **kwargs: Any) -> Primitive:
    op = Primitive(*args, **kwargs)
    PRIMITIVES[op.name] = op
    return op


def composite(
    formula: str, samples: Samples, *, name: str = "", precedence: int = 4, stops: str = ""
) -> Callable[[Callable[..., Any]], Composite]:
    """Make the decorated body a named operation of the engine."""

    def make(body: Callable[..., Any]) -> Composite:
        op = Composite(name or body.__name__, body, formula, samples, precedence, stops)
        COMPOSITES[op.name] = op
        return op

    return make


def _unary(name: str, formula: str = "", domain: Samples | None = None, **more: Any) -> Primitive:
    return _primitive(name, rules.elementwise("fc"), formula or name + "({0})", domain or samples.reals(), **more)


def _step(name: str, formula: str) -> Primitive:
    stops = f"{name} is flat between its jumps"
    return _primitive(name, rules.elementwise("iuf"), formula, samples.reals(apart=0.1), stops=stops)


def _compare(name: str, sign: str) -> Primitive:
    stops = "a comparison answers yes or no, and does not vary"
    return _primitive(name, rules.comparison, f"{{0}} {sign} {{1}}", samples.whole, 0, stops)


def _bitwise(name: str, sign: str, kinds: str = "biu", draw: Samples | None = None) -> Primitive:
    stops = "bits do not vary smoothly"
    return _primitive(name, rules.elementwise(kinds), f"{{0}} {sign} {{1}}", draw or samples.bools(), 0, stops)


# Arithmetic, element by element; shapes broadcast.
add = _primitive("add", rules.elementwise("iufc"), "{0} + {1}", samples.reals(arity=2), 1)
subtract = _primitive("subtract", rules.elementwise("iufc"), "{0} - {1}", samples.reals(arity=2), 1)
multiply = _primitive("multiply", rules.elementwise("biufc"), "{0} · {1}", samples.reals(arity=2), 2)
divide = _primitive("divide", rules.elementwise("fc"), "{0} / {1}", samples.reals(arity=2, apart=0.5), 2)
power = _primitive("power", rules.elementwise("iufc"), "{0}^{1}", samples.reals(0.3, 2.0, arity=2), 3)
negative = _primitive("negative", rules.elementwise("iufc"), "-{0}", samples.reals(), 2)
maximum = _primitive("maximum", rules.elementwise("biuf"), "max({0}, {1})", samples.reals(arity=2))
minimum = _primitive("minimum", rules.elementwise("biuf"), "min({0}, {1})", samples.reals(arity=2))
floor_divide = _primitive(
    "floor_divide",
    rules.elementwise("iuf"),
    "⌊{0} / {1}⌋",
    samples.integers(),
    stops="floor_divide is flat between its jumps",
)
remainder = _primitive("remainder", rules.elementwise("iuf"), "{0} mod {1}", samples.reals(0.6, 1.4, arity=2), 2)
atan2 = _primitive("atan2", rules.elementwise("f"), "atan2({0}, {1})", samples.reals(arity=2, apart=0.2))
absolute = _primitive("absolute", rules.elementwise("iuf"), "|{0}|", samples.reals(apart=0.1))

# Functions of one number.
exp = _unary("exp")
expm1 = _unary("expm1", "(exp({0}) - 1)")
log = _unary("log", domain=samples.reals(0.2, 3.0))
log1p = _unary("log1p", "log(1 + {0})", samples.reals(-0.5, 2.0))
sqrt = _unary("sqrt", "√({0})", samples.reals(0.2, 3.0))
sin = _unary("sin")
cos = _unary("cos")
tan = _unary("tan", domain=samples.reals(-1.2, 1.2))
asin = _unary("asin", domain=samples.reals(-0.9, 0.9))
acos = _unary("acos", domain=samples.reals(-0.9, 0.9))
atan = _unary("atan")
sinh = _unary("sinh")
cosh = _unary("cosh")
tanh = _unary("tanh")
asinh = _unary("asinh")
acosh = _unary("acosh", domain=samples.reals(1.2, 3.0))
atanh = _unary("atanh", domain=samples.reals(-0.9, 0.9))
erf = _primitive("erf", rules.elementwise("f"), "erf({0})", samples.reals())

# Steps: constant almost everywhere.
sign = _step("sign", "sign({0})")
floor = _step("floor", "⌊{0}⌋")
ceil = _step("ceil", "⌈{0}⌉")
trunc = _step("trunc", "trunc({0})")
rint = _step("rint", "round({0})")

# Comparison and logic.
equal = _compare("equal", "=")
not_equal = _compare("not_equal", "≠")
less = _compare("less", "<")
less_equal = _compare("less_equal", "≤")
greater = _compare("greater", ">")
greater_equal = _compare("greater_equal", "≥")
bitwise_and = _bitwise("bitwise_and", "and")
bitwise_or = _bitwise("bitwise_or", "or")
bitwise_xor = _bitwise("bitwise_xor", "xor")
left_shift = _bitwise("left_shift", "<<", "iu", samples.integers())
right_shift = _bitwise("right_shift", ">>", "iu", samples.integers())
bitwise_invert = _primitive(
    "bitwise_invert", rules.elementwise("biu"), "not {0}", samples.bools(1), 0, "bits do not vary smoothly"
)
select = _primitive("select", rules.select, "({1} if {0} else {2})", samples.select)

# Casts and marks.
cast = _primitive("cast", rules.cast, "{0}", samples.cast, 4)
identity = _primitive("identity", rules.identity, "{0}", samples.reals(), 4)
stop_gradient = _primitive(
    "stop_gradient", rules.identity, "stop({0})", samples.reals(), stops="stop_gradient holds it as a constant"
)

# Reductions. axes is a sorted tuple of axes counted from the front.
reduce_sum = _primitive("sum", rules.reduce("iufc"), "Σ({0})", samples.reduction)
reduce_max = _primitive("max", rules.reduce("biuf", nonempty=True), "max({0})", samples.reduction)
reduce_min = _primitive("min", rules.reduce("biuf", nonempty=True), "min({0})", samples.reduction)
reduce_prod = _primitive("prod", rules.reduce("iufc"), "Π({0})", samples.reduction)
argmax = _primitive("argmax", rules.arg_reduce, "argmax({0})", samples.arg_reduction, stops="a place is a whole number")
argmin = _primitive("argmin", rules.arg_reduce, "argmin({0})", samples.arg_reduction, stops="a place is a whole number")
cumulative_sum = _primitive("cumulative_sum", rules.cumulative, "cumsum({0})", samples.cumulative)

# Shape.
reshape = _primitive(
    "reshape", rules.reshape, "reshape({0})", samples.single((2, 6), {"shape": (3, 4)}, {"shape": (12,)})
)
transpose = _primitive(
    "transpose", rules.transpose, "{0}ᵀ", samples.single((2, 3, 4), {"axes": (2, 0, 1)}, {"axes": (1, 0, 2)})
)
broadcast_to = _primitive(
    "broadcast", rules.broadcast_to, "{0}", samples.single((3, 1), {"shape": (3, 2)}, {"shape": (2, 3, 4)})
)
strided_slice = _primitive(
    "slice",
    rules.strided_slice,
    "{0}[…]",
    samples.single(
        (4, 5),
        {"starts": (1, 0), "stops": (4, 5), "steps": (1, 2)},
        {"starts": (2, 3), "stops": (2, 4), "steps": (1, 1)},
    ),
)
pad = _primitive(
    "pad",
    rules.pad,
    "pad({0})",
    samples.single(
        (2, 3), {"widths": ((1, 0, 0), (0, 2, 1)), "value": 0.0}, {"widths": ((0, 1, 2), (-1, 0, 0)), "value": 0.5}
    ),
)
concatenate = _primitive("concatenate", rules.concatenate, "concat({0}, …)", samples.concatenate)
flip = _primitive("flip", rules.flip, "flip({0})", samples.single((2, 3), {"axes": (0,)}, {"axes": (0, 1)}))

# Places. Indices are counted from the front; one outside of the axis raises.
gather = _primitive("gather", rules.gather, "{0}[{1}]", samples.gather)
scatter_add = _primitive("scatter_add", rules.scatter, "{0}[{1}] += {2}", samples.scatter)
scatter_set = _primitive("scatter_set", rules.scatter, "{0}[{1}] = {2}", samples.scatter)

# Matrices.
matmul = _primitive("matmul", rules.matmul, "{0} @ {1}", samples.matmul, 2)
inverse = _primitive("inverse", rules.square_matrix, "{0}⁻¹", samples.matrices)
solve = _primitive("solve", rules.solve, "{0}⁻¹ @ {1}", samples.systems, 2)
cholesky = _primitive("cholesky", rules.square_matrix, "chol({0})", samples.positive_matrices)

# Windows. A convolution, its transpose in the input and its transpose in the kernel; channels last.
conv = _primitive("conv", rules.conv, "{0} * {1}", samples.conv, 2)
conv_input = _primitive("conv_input", rules.conv_input, "{0} *ᵀ {1}", samples.conv_input, 2)
conv_kernel = _primitive("conv_kernel", rules.conv_kernel, "{0} ⋆ {1}", samples.conv_kernel, 2)
window_sum = _primitive("window_sum", rules.windows, "Σ windows({0})", samples.windows)
window_spread = _primitive("window_spread", rules.window_spread, "spread({0})", samples.window_spread)
window_argmax = _primitive(
    "window_argmax", rules.window_argmax, "argmax windows({0})", samples.windows, stops="a place is a whole number"
)

# Random numbers, control, and the outputs of operations that have several.
random_bits = _primitive(
    "random_bits", rules.random_bits, "bits({0}, {1})", samples.random_bits, stops="random bits do not vary smoothly"
)


def _control_samples(name: str) -> Samples:
    def draw(rng: Any) -> Any:
        from pente.core import control_samples

        return getattr(control_samples, name)(rng)

    return draw


scan = _primitive("scan", rules.scan, "scan({0}, …)", _control_samples("scan"))
cond = _primitive("cond", rules.cond, "cond({0}, …)", _control_samples("cond"))
remat = _primitive("remat", rules.remat, "remat({0}, …)", _control_samples("remat"))
custom = _primitive("custom", rules.custom, "custom({0}, …)", _control_samples("custom"))
part = _primitive("part", rules.part, "{0}", _control_samples("part"))

from pente.core import dispatch  # noqa: E402  the door needs the Value, and the Value these names
