"""Initializers: the right spread for the right fan, the same numbers for the same key."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import initializers
from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.ops.random import seed_key

KEY = pente.random.key(3)
DENSE, CONV = (200, 500), (3, 3, 40, 90)
RANDOM = (
    "random_normal truncated_normal random_uniform variance_scaling orthogonal "
    "glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal"
).split()


def draw(initializer: Any, shape: tuple[int, ...] = DENSE, dtype: str = "float64") -> np.ndarray:
    return initializer(shape, dtype, KEY).numpy()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((5,), (5, 5)), ((784, 64), (784, 64)), ((3, 3, 16, 32), (144, 288)), ((5, 2, 7), (10, 35))],
)
def test_fans_count_inputs_times_window_and_outputs_times_window(
    shape: tuple[int, ...], expected: tuple[int, int]
) -> None:
    assert initializers.fans(shape) == expected


@pytest.mark.parametrize("shape", [DENSE, CONV])
@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        ("glorot_normal", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        ("he_uniform", lambda fan_in, fan_out: 2 / fan_in),
        ("he_normal", lambda fan_in, fan_out: 2 / fan_in),
        ("lecun_uniform", lambda fan_in, fan_out: 1 / fan_in),
        ("lecun_normal", lambda fan_in, fan_out: 1 / fan_in),
    ],
)
def test_a_scaled_variance_is_that_of_the_formula(
    name: str, variance: Callable[[int, int], float], shape: tuple[int, ...]
) -> None:
    window = math.prod(shape[:-2])
    expected = variance(window * shape[-2], window * shape[-1])
    x = draw(initializers.get(name), shape)
    assert x.var() == pytest.approx(expected, rel=0.03)
    assert abs(x.mean()) < 0.02 * math.sqrt(expected)


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("glorot_uniform", torch.nn.init.xavier_uniform_),
        ("glorot_normal", torch.nn.init.xavier_normal_),
        ("he_uniform", torch.nn.init.kaiming_uniform_),
        ("he_normal", torch.nn.init.kaiming_normal_),
    ],
)
def test_the_spread_is_that_of_torch_for_dense_and_convolution(name: str, fill: Callable[..., Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    for ours, theirs in [(DENSE, (500, 200)), (CONV, (90, 40, 3, 3))]:  # torch has outputs first
        w = fill(torch.empty(theirs, dtype=torch.float64), generator=generator).numpy()
        x = draw(initializers.get(name), ours)
        assert x.std() == pytest.approx(w.std(), rel=0.03)
        if "uniform" in name:
            assert np.abs(x).max() == pytest.approx(np.abs(w).max(), rel=1e-3)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_every_distribution_has_the_variance_scale_over_fan(mode: str, distribution: str) -> None:
    n = {"fan_in": 200, "fan_out": 500, "fan_avg": 350}[mode]
    x = draw(initializers.VarianceScaling(3.0, mode, distribution))
    assert x.var() == pytest.approx(3.0 / n, rel=0.03)


def test_a_truncated_normal_ends_at_two_standard_deviations_and_keeps_its_shape() -> None:
    x = draw(initializers.TruncatedNormal(1.0, 0.5))
    assert np.abs(x - 1.0).max() <= 1.0
    assert x.std() == pytest.approx(0.5 * initializers.CUT_STDDEV, rel=0.01)
    inside = math.erf(1 / math.sqrt(2)) / math.erf(2 / math.sqrt(2))
    assert np.mean(np.abs(x - 1.0) < 0.5) == pytest.approx(inside, abs=0.01)


def test_normal_and_uniform_have_keras_parameters() -> None:
    normal, uniform = draw(initializers.RandomNormal(2.0, 0.1)), draw(initializers.RandomUniform(1.0, 3.0))
    assert normal.mean() == pytest.approx(2.0, abs=1e-3)
    assert normal.std() == pytest.approx(0.1, rel=0.01)
    assert 1.0 <= uniform.min() < 1.001
    assert 2.999 < uniform.max() < 3.0


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (3, 3, 8, 40), (2, 2, 4, 40), (7, 7)])
def test_an_orthogonal_weight_has_orthonormal_columns_or_rows(shape: tuple[int, ...]) -> None:
    q = draw(initializers.Orthogonal(-2.0), shape).reshape(-1, shape[-1])
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, 4.0 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_weights_are_uniform_over_all_of_them() -> None:
    """Without the correction by the signs of R, LAPACK's Householder Q has a first entry of one sign."""
    keys = pente.random.split(KEY, 100)
    corners = [initializers.Orthogonal()((2, 2), key=key).numpy()[0, 0] for key in keys]
    assert 30 < np.sum(np.array(corners) > 0) < 70


def test_constants() -> None:
    assert draw(initializers.Zeros(), (2,)).tolist() == [0, 0]
    assert draw(initializers.Ones(), (2,), "int32").dtype == np.int32
    assert draw(initializers.Constant(2.5), (2,)).tolist() == [2.5, 2.5]
    assert draw(initializers.Constant(np.array([1.0, 2.0])), (2,)).tolist() == [1.0, 2.0]
    assert draw(initializers.Identity(3.0), (2, 3)).tolist() == [[3, 0, 0], [0, 3, 0]]


@pytest.mark.parametrize("name", RANDOM)
def test_the_same_key_gives_the_same_numbers_and_another_path_others(name: str) -> None:
    initializer = initializers.get(name)
    assert initializer is not None
    first, again, other = (
        initializer((4, 3), key=pente.random.fold_in(seed_key(), path)).numpy()
        for path in ["dense/kernel", "dense/kernel", "dense_1/kernel"]
    )
    assert np.array_equal(first, again)
    assert not np.any(first == other)


@pytest.mark.parametrize("name", RANDOM)
def test_without_a_key_the_seed_of_the_program_decides(name: str) -> None:
    initializer = initializers.get(name)
    assert initializer is not None
    pente.set_seed(5)
    first, second = initializer((4, 3)).numpy(), initializer((4, 3)).numpy()
    pente.set_seed(5)
    assert np.array_equal(first, initializer((4, 3)).numpy())
    assert not np.any(first == second)


def test_a_seed_of_its_own_goes_before_key_and_program() -> None:
    initializer = initializers.HeNormal(seed=7)
    assert np.array_equal(initializer((3, 3)).numpy(), initializer((3, 3), key=KEY).numpy())


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant", "identity"])
def test_float32_unless_told(name: str) -> None:
    initializer = initializers.get(name)
    assert initializer is not None
    assert initializer((3, 3)).dtype == np.float32
    assert initializer((3, 3), "float64").dtype == np.float64
    assert initializer((3, 3)).shape == (3, 3)


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_a_config_makes_an_equal_initializer(name: str) -> None:
    first = initializers.get(name)
    assert first is not None
    again = initializers.get({"class_name": type(first).__name__, "config": first.get_config()})
    assert again == first


def test_get_knows_names_classes_objects_and_functions() -> None:
    assert initializers.get(None) is None
    assert initializers.get("GlorotUniform") == initializers.get("glorot_uniform") == initializers.GlorotUniform()
    assert initializers.get(initializers.Ones) == initializers.Ones()
    kept = initializers.Constant(2.0)
    assert initializers.get(kept) is kept
    own = initializers.get(lambda shape, dtype: np.full(shape, 7.0, dtype))
    assert own is not None
    assert own((2,), key=KEY).tolist() == [7.0, 7.0]


def test_what_is_no_initializer_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"'glorot_unifrom'.*Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(UsageError, match="got 3"):
        initializers.get(3)
    with pytest.raises(UnknownNameError, match="fan_in"):
        initializers.VarianceScaling(mode="in")
    with pytest.raises(UnknownNameError, match="uniform"):
        initializers.VarianceScaling(distribution="unifrom")
    with pytest.raises(UsageError, match="positive"):
        initializers.VarianceScaling(scale=0.0)


def test_shapes_that_cannot_be_filled_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        initializers.Identity()((3,))
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2, 3\)"):
        initializers.Constant(np.ones(3))((2, 3))
