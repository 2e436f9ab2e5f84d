"""Settings come back from JSON as they were: every class of Pente's, and every kind of value."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import layers, losses, metrics, optimizers, schedules
from pente.config import Configured
from pente.errors import DataError, PenteError, UsageError
from pente.models.encoding import Decoder, Encoder
from pente.models.vocabulary import Vocabulary, known, name_of

# What classes that have no defaults for all their arguments are made with.
MADE: dict[str, tuple[Any, ...]] = {
    "data.CharacterSet": ("abc",),
    "data.ImageEncoder": ((8, 8),),
    "layers.Activation": ("relu",),
    "layers.Dense": (3,),
    "layers.Dropout": (0.5,),
    "layers.Embedding": (5, 3),
    "layers.GRU": (3,),
    "layers.GaussianDropout": (0.5,),
    "layers.GaussianNoise": (0.5,),
    "layers.InputLayer": ((3, None),),
    "layers.LSTM": (3,),
    "layers.MultiHeadAttention": (2, 3),
    "layers.Rescaling": (0.5,),
    "layers.Operation": ("add",),
    "layers.Permute": ((2, 1),),
    "layers.RepeatVector": (3,),
    "layers.Reshape": ((3, -1),),
    "layers.SimpleRNN": (3,),
    "layers.SpatialDropout1D": (0.5,),
    "layers.SpatialDropout2D": (0.5,),
    "losses.LossFunctionWrapper": (losses.huber,),
    "metrics.MeanMetricWrapper": (losses.huber,),
    "optimizers.Accumulation": ("adam", 4),
    "optimizers.EMA": ("adam",),
    "optimizers.Grouped": ({"*/bias": "sgd", "*": "adam"},),
    "schedules.CosineDecay": (0.1, 100),
    "schedules.CosineDecayRestarts": (0.1, 100),
    "schedules.Cyclical": (0.1, 0.2),
    "schedules.ExponentialDecay": (0.1, 100, 0.9),
    "schedules.InverseTimeDecay": (0.1, 100, 0.9),
    "schedules.LambdaSchedule": (pente.sqrt,),
    "schedules.OneCycle": (0.1, 100),
    "schedules.Piecewise": ([0, 10], [0.1, 0.2]),
    "schedules.PiecewiseConstantDecay": ([10, 20], [0.1, 0.01, 0.001]),
    "schedules.PolynomialDecay": (0.1, 100),
    "schedules.Warmup": (0.1, 10),
}
CONVOLUTIONS = ["Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose", "SeparableConv1D", "SeparableConv2D"]
MADE |= {f"layers.{name}": (4, 3) for name in CONVOLUTIONS}
MADE |= {f"layers.{name}": (3,) for name in ("DepthwiseConv1D", "DepthwiseConv2D")}
FUNCTIONS = ("activations", "losses", "metrics", "ops")


def through(value: Any, own: dict[str, Any] | None = None) -> Any:
    encoder = Encoder()
    text = json.dumps(encoder.value(value, "it"), allow_nan=False)
    return Decoder(Vocabulary(own, "a file"), encoder.arrays).value(json.loads(text))


def same(one: Any, other: Any) -> bool:
    """Equal in value and in kind, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, float):
        return one.hex() == other.hex()
    if isinstance(one, (np.ndarray, np.generic)):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, Configured):
        return same(one.get_config(), other.get_config())
    return bool(one == other)


@pytest.mark.parametrize("name", [name for name, thing in known().items() if isinstance(thing, type)])
def test_every_class_of_the_vocabulary_comes_back_with_its_settings(name: str) -> None:
    kind = known()[name]
    try:
        made = kind(*MADE.get(name, ()))
    except (TypeError, PenteError) as error:
        pytest.fail(f"MADE has no arguments for {name}: {error}")
    twin = through(made)
    assert type(twin) is kind
    assert same(twin.get_config(), made.get_config())


@pytest.mark.parametrize("name", [name for name, thing in known().items() if not isinstance(thing, type)])
def test_every_function_of_the_vocabulary_comes_back(name: str) -> None:
    assert name.split(".")[0] in FUNCTIONS
    assert through(known()[name]) is known()[name]


def test_the_vocabulary_has_everything_that_is_told_by_its_settings() -> None:
    for module in (layers, losses, metrics, optimizers, schedules, pente.initializers, pente.regularizers, pente.data):
        for name in module.__all__:
            kind = getattr(module, name)
            if isinstance(kind, type) and issubclass(kind, Configured) and kind is not layers.Lambda:
                assert known()[name_of(kind)] is kind


OBJECTS = [
    losses.LossFunctionWrapper(losses.huber, delta=2.0),
    metrics.MeanMetricWrapper(losses.huber, delta=2.0),
    metrics.get("accuracy", loss="hinge"),
    metrics.get("mse"),
    metrics.Precision(0.3),
    losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None),
    optimizers.SGD(0.1, momentum=0.5, segments={"*/bias": optimizers.Segment(0.5, 0.0)}),
    optimizers.Adam(schedules.CosineDecay(0.1, 10, warmup_steps=3, warmup_target=0.2)),
    layers.Dense(3, kernel_initializer=pente.initializers.Constant(np.ones((2, 3))), dtype=np.float16),
    layers.Dense(3, kernel_regularizer=pente.regularizers.L1L2(0.1, 0.2), activation=pente.relu, name="a"),
    layers.Conv2D(3, (2, 1), activity_regularizer=None, kernel_initializer=pente.initializers.HeNormal(seed=3)),
    layers.LSTM(2, activation=layers.activations.relu, recurrent_initializer="orthogonal", trainable=False),
]


@pytest.mark.parametrize("made", OBJECTS, ids=lambda made: type(made).__name__)
def test_objects_in_objects_come_back(made: Any) -> None:
    assert same(through(made).get_config(), {**made.get_config(), **_as_dtype(made)})


def _as_dtype(made: Any) -> dict[str, Any]:
    """A dtype that was given as a class of NumPy's comes back as the dtype that it stands for."""
    return {"dtype": np.dtype(made.dtype)} if isinstance(getattr(made, "dtype", None), type) else {}


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from([np.dtype("float32"), np.float32(0.1), np.int64(-3), np.bool_(True), np.float64("nan")]),
    st.sampled_from([..., slice(None), slice(1, -1, 2), losses.huber, pente.tanh]),
    st.sampled_from([np.arange(6.0).reshape(2, 3).T, np.zeros((0, 2), np.uint8), np.array(3, np.int16)]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.tuples(st.integers())), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert same(through(value), value)


def test_a_tensor_comes_back_as_a_tensor() -> None:
    twin = through(pente.tensor([[1.0, math.inf]]))
    assert isinstance(twin, pente.Tensor)
    assert twin.tolist() == [[1.0, math.inf]]


def own_function(x: Any) -> Any:
    return x


class Own(Configured):
    def __init__(self, inner: Any) -> None:
        self.inner = inner


def test_what_the_caller_passes_is_found_by_its_name() -> None:
    twin = through(Own([own_function, Own(1)]), {"Own": Own, "own_function": own_function})
    assert twin.inner[0] is own_function
    assert twin.inner[1].inner == 1


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, pente.Variable(1.0), lambda: 0, np.array(["a"])])
def test_what_has_no_form_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(UsageError, match=r"it\['a'\]\[1\] (is|cannot)"):
        Encoder().value({"a": [0, value]}, "it")


def test_what_is_nested_too_deep_to_be_read_is_not_written() -> None:
    value: Any = 1
    for depth in range(60):
        value = [value] if depth % 2 else {"a": value}
    with pytest.raises(UsageError, match=r"it\[0\].* is nested more than 50 deep"):
        Encoder().value(value, "it")
    assert through(value[0]["a"][0]["a"][0]["a"][0]["a"][0]["a"]) is not None


FORGED: list[Any] = [
    {},
    {"tuple": 3},
    {"tuple": [1], "list": [2]},
    {"list": [1]},
    {"dict": [[1]]},
    {"dict": [[[], 1]]},
    {"dict": {"a": 1}},
    {"float": 3},
    {"float": "code"},
    {"dtype": "object"},
    {"dtype": None},
    {"array": "0"},
    {"array": []},
    {"slice": [1, 2]},
    {"thing": "os.system"},
    {"thing": "builtins.eval"},
    {"thing": "losses.get"},
    {"thing": "layers.Lambda"},
    {"thing": 3},
    {"class": "layers.Lambda", "config": {}},
    {"class": "custom.Scale", "config": {}},
    {"class": "losses.huber", "config": {}},
    {"class": "subprocess.Popen", "config": {"args": "ls"}},
    {"class": "layers.Dense", "config": {"units": "many"}},
    {"class": "layers.Dense", "config": {"units": [[[]]]}},
    {"class": "layers.Dense", "config": {"unit": 3}},
    {"class": "layers.Dense", "config": {}},
    {"class": "layers.Dense", "config": []},
    {"class": "layers.Dense", "config": {"units": 3, "__class__": "x"}},
    {"class": "layers.Dense"},
    {"class": None, "config": {}},
    {"class": "metrics.AUC", "config": {"num_thresholds": 10**18}},
    {"part": 0},
    {"symbol": [0, 0]},
]


@pytest.mark.parametrize("form", FORGED, ids=str)
def test_what_pente_does_not_write_is_refused_with_the_file(form: Any) -> None:
    with pytest.raises(PenteError) as caught:
        Decoder(Vocabulary(None, "a file"), {}).value(form)
    assert "a file" in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_settings_nested_without_end_are_refused() -> None:
    form: Any = 1
    for _ in range(1000):
        form = [form]
    with pytest.raises(DataError, match="nested without end"):
        Decoder(Vocabulary(None, "a file"), {}).value(form)
