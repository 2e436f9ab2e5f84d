"""Programs that nobody thought of: compiled equals eager."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pente
from tests.compiler.agreement import agree, assert_agree, passes_keep_bits
from tests.compiler.random_programs import Program, arrays, programs

LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=150, suppress_health_check=LARGE)
@given(programs())
def test_exact_programs_agree_to_the_last_bit(drawn: tuple[Program, list[Any]]) -> None:
    agree(drawn[0], *drawn[1], check=np.testing.assert_array_equal)


@pytest.mark.slow
@settings(max_examples=2000, suppress_health_check=LARGE)
@given(programs(longest=30))
def test_many_long_exact_programs_agree_to_the_last_bit(drawn: tuple[Program, list[Any]]) -> None:
    agree(drawn[0], *drawn[1], check=np.testing.assert_array_equal)


@settings(max_examples=100, suppress_health_check=LARGE)
@given(programs())
def test_the_passes_keep_random_programs_legal_and_their_bits(drawn: tuple[Program, list[Any]]) -> None:
    passes_keep_bits(*drawn)


BATCHES = st.sampled_from(
    [((), ()), ((3,), ()), ((), (3,)), ((3,), (3,)), ((1,), (4,)), ((2, 1), (1, 3)), ((2, 3), (3,))]
)
LENGTHS = st.integers(1, 40)


@settings(max_examples=120, suppress_health_check=LARGE)
@given(st.data(), LENGTHS, LENGTHS, LENGTHS, BATCHES, st.sampled_from(["float32", "float64"]))
def test_matrix_products_of_every_size_agree_to_the_last_bit(
    data: st.DataObject, rows: int, depth: int, columns: int, batches: Any, kind: str
) -> None:
    turned = data.draw(st.tuples(st.booleans(), st.booleans()), label="turned")
    shapes = [(*batches[0], rows, depth), (*batches[1], depth, columns)]
    shapes = [(*s[:-2], s[-1], s[-2]) if turn else s for s, turn in zip(shapes, turned, strict=True)]
    a, b = (data.draw(arrays(s, kind)) for s in shapes)

    def product(a: Any, b: Any) -> Any:
        x, y = (pente.matrix_transpose(v) if turn else v for v, turn in zip((a, b), turned, strict=True))
        return x @ y

    agree(product, a, b, check=np.testing.assert_array_equal)


# Functions that do not magnify an error, so that a long chain of them still agrees.
TAME = {
    "sin": pente.sin,
    "tanh": pente.tanh,
    "atan": pente.atan,
    "erf": lambda x: 0.8 * pente.erf(x),
    "exp": lambda x: pente.exp(-x * x),
    "log1p": lambda x: pente.log1p(x * x) / 2,
    "sqrt": lambda x: pente.sqrt(1 + x * x) - 1,
    "over": lambda x: x / (1 + x * x),
    "sigmoid": pente.sigmoid,
    "softmax": lambda x: pente.softmax(x, axis=-1),
    "relu": pente.relu,
    "gelu": lambda x: pente.gelu(x) / 2,
    "mean": lambda x: x - x.mean(axis=0, keepdims=True),
    "logsumexp": lambda x: x - pente.logsumexp(x, axis=-1, keepdims=True) / 2,
    "max": lambda x: x.max(axis=-1, keepdims=True) - x,
    "sum": lambda x: x + x.sum(axis=-1, keepdims=True) / x.shape[-1],
    "turn": lambda x: pente.matrix_transpose(x),
    "product": lambda x: x @ pente.matrix_transpose(x) / (x.shape[-1] + 4.0),
}


@settings(max_examples=60, suppress_health_check=LARGE)
@given(
    st.lists(st.sampled_from(sorted(TAME)), min_size=1, max_size=8),
    st.tuples(st.sampled_from([1, 2, 15, 16, 17, 33]), st.sampled_from([1, 3, 15, 16, 17, 31])),
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 2**32 - 1),
)
def test_chains_of_functions_and_their_gradients_agree(
    names: list[str], shape: tuple[int, int], kind: str, seed: int
) -> None:
    x = np.random.default_rng(seed).uniform(-2, 2, shape).astype(kind)

    def chain(x: Any) -> Any:
        for name in names:
            x = TAME[name](x)
        return x

    def both(x: Any) -> Any:
        value, slope = pente.value_and_grad(lambda x: chain(x).mean())(x)
        return chain(x), value, slope

    agree(both, x, check=lambda got, wanted: assert_agree(got, wanted, least=4.0))
