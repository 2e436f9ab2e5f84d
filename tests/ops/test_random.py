"""Random numbers: the same for the same key, NumPy's own bits, and the distributions they claim to be."""

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import pente
from pente import random
from pente.errors import DTypeError, ShapeError
from pente.ops.quantile import normal_quantile

COUNT = 20_000


@pytest.fixture(autouse=True)
def _seeded() -> None:
    pente.set_seed(1234)


@pytest.mark.parametrize("seed", [0, 7, 2**63, 2**64 + 5, -1])
@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_bits_are_the_words_of_numpys_philox(seed: int, count: int) -> None:
    key = random.key(seed)
    words = np.random.Philox(counter=[0, 0, 0, 0], key=key.numpy()).random_raw(count)
    np.testing.assert_array_equal(random.bits((count,), key=key).numpy(), words)


def test_narrow_bits_are_the_halves_of_the_wide_ones_the_low_half_first() -> None:
    key = random.key(3)
    wide, narrow = random.bits((4,), key=key).numpy(), random.bits((7,), key=key, dtype="uint32").numpy()
    halves = np.stack([wide & 0xFFFFFFFF, wide >> np.uint64(32)], axis=1).ravel()
    np.testing.assert_array_equal(narrow, halves[:7].astype(np.uint32))


def test_a_shorter_draw_is_the_beginning_of_a_longer_one() -> None:
    key = random.key(11)
    for draw in (random.bits, random.uniform):
        np.testing.assert_array_equal(draw((10,), key=key).numpy()[:4], draw((4,), key=key).numpy())


DRAWS: dict[str, Any] = {
    "uniform": lambda key, shape=(COUNT,): random.uniform(shape, key=key),
    "normal": lambda key, shape=(COUNT,): random.normal(shape, key=key),
    "truncated_normal": lambda key, shape=(COUNT,): random.truncated_normal(shape, key=key),
    "bernoulli": lambda key, shape=(COUNT,): random.bernoulli(0.3, shape, key=key),
    "randint": lambda key, shape=(COUNT,): random.randint(shape, -3, 8, key=key),
    "categorical": lambda key, shape=(COUNT,): random.categorical(np.zeros((*shape, 5), np.float32), key=key),
    "bits": lambda key, shape=(COUNT,): random.bits(shape, key=key),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_key_gives_the_same_numbers_and_another_key_others(name: str) -> None:
    first, again, other = (DRAWS[name](random.key(k), (100,)).numpy() for k in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_has_the_shape_that_was_asked_for(name: str) -> None:
    for shape in ((), (3,), (2, 3), (0, 4), (1,)):
        assert DRAWS[name](random.key(1), shape).shape == shape


CONTINUOUS: dict[str, tuple[Any, Any]] = {
    "uniform": (lambda: random.uniform((COUNT,)), stats.uniform()),
    "uniform between bounds": (lambda: random.uniform((COUNT,), -2.0, 5.0), stats.uniform(-2.0, 7.0)),
    "uniform in float64": (lambda: random.uniform((COUNT,), dtype="float64"), stats.uniform()),
    "normal": (lambda: random.normal((COUNT,)), stats.norm()),
    "normal with mean and spread": (lambda: random.normal((COUNT,), 3.0, 0.5), stats.norm(3.0, 0.5)),
    "normal, an odd number of them": (lambda: random.normal((COUNT + 1,)), stats.norm()),
    "normal in float64": (lambda: random.normal((COUNT,), dtype="float64"), stats.norm()),
    "truncated normal in float64": (lambda: random.truncated_normal((COUNT,), dtype="float64"), stats.truncnorm(-2, 2)),
    "truncated normal": (lambda: random.truncated_normal((COUNT,)), stats.truncnorm(-2, 2)),
    "truncated normal, moved": (lambda: random.truncated_normal((COUNT,), 1.0, 3.0), stats.truncnorm(-2, 2, 1.0, 3.0)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_distribution_is_the_one_it_claims_to_be(name: str) -> None:
    draw, wanted = CONTINUOUS[name]
    assert stats.kstest(draw().numpy().astype(np.float64), wanted.cdf).pvalue > 1e-3


def test_neighbours_are_not_correlated() -> None:
    x = random.normal((COUNT,), dtype="float64").numpy()
    for apart in (1, 2, COUNT // 2):
        assert abs(np.corrcoef(x[:-apart], x[apart:])[0, 1]) < 4 / np.sqrt(COUNT - apart)


def test_whole_numbers_and_classes_come_as_often_as_they_should() -> None:
    counts = np.bincount(random.randint((COUNT,), 10, 17).numpy() - 10, minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3
    shares = np.array([0.1, 0.2, 0.7])
    drawn = random.categorical(np.broadcast_to(np.log(shares), (COUNT, 3)).astype(np.float32)).numpy()
    assert stats.chisquare(np.bincount(drawn, minlength=3), shares * COUNT).pvalue > 1e-3
    assert abs(random.bernoulli(0.3, (COUNT,)).numpy().mean() - 0.3) < 4 * np.sqrt(0.21 / COUNT)


def test_a_uniform_number_is_never_one_and_a_truncated_one_never_outside() -> None:
    for dtype in ("float16", "float32", "float64"):
        x = random.uniform((200_000,), dtype=dtype).numpy()
        assert x.min() >= 0.0
        assert x.max() < 1.0
    assert np.isfinite(random.normal((200_000,)).numpy()).all()
    for dtype in ("float16", "float32", "float64"):
        assert 1.9 < abs(random.truncated_normal((COUNT,), dtype=dtype).numpy()).max() <= 2.0


@pytest.mark.parametrize(("dtype", "error"), [("float32", 5e-7), ("float64", 1e-14)])
def test_the_normal_quantile_is_scipys(dtype: str, error: float) -> None:
    q = np.concatenate([np.linspace(-0.4999, 0.4999, 4001), [0.0, 0.425, -0.425, 0.5 - 1e-6]]).astype(dtype)
    z = normal_quantile(pente.tensor(q))
    assert z.dtype == dtype
    wanted = -np.sign(q) * special.ndtri(0.5 - np.abs(q.astype(np.float64)))  # 1/2 + |q| would be rounded
    np.testing.assert_allclose(z.numpy(), wanted, rtol=error, atol=error)


@pytest.mark.parametrize(("word", "wanted"), [(0, -2.0), (2**64 - 1, 2.0)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_outermost_bits_give_the_bounds(monkeypatch: Any, word: int, wanted: float, dtype: str) -> None:
    def all_alike(shape: Any, /, *, key: Any, dtype: Any) -> Any:
        return pente.tensor(np.full(shape, np.uint64(word)).view(dtype)[: shape[0]])

    monkeypatch.setattr("pente.ops.random.bits", all_alike)
    x = random.truncated_normal((4,), dtype=dtype).numpy()
    assert x == pytest.approx(wanted, abs=1e-5)
    assert abs(x).max() <= 2.0
    assert random.uniform((4,), dtype=dtype).numpy().max() < 1.0


def test_a_probability_for_each_element_is_its_own() -> None:
    drawn = random.bernoulli(np.array([0.0, 1.0, 0.0, 1.0]))
    assert drawn.tolist() == [False, True, False, True]


def test_a_seed_decides_every_draw_without_a_key() -> None:
    def draws() -> list[Any]:
        return [random.uniform((3,)).tolist(), random.normal((3,)).tolist(), random.randint((3,), 0, 1000).tolist()]

    pente.set_seed(1)
    first, later = draws(), draws()
    pente.set_seed(1)
    assert draws() == first
    assert first != later
    pente.set_seed(2)
    assert draws() != first


def test_keys_that_were_split_or_folded_are_independent_of_each_other_and_of_their_parent() -> None:
    parent = random.key(9)
    keys = [parent, *random.split(parent, 50), *(random.fold_in(parent, name) for name in ("a", "b", "dense/kernel"))]
    streams = np.stack([random.uniform((500,), key=k, dtype="float64").numpy() for k in keys])
    correlation = np.corrcoef(streams) - np.eye(len(keys))
    assert abs(correlation).max() < 6 / np.sqrt(500)
    assert len({tuple(k.tolist()) for k in keys}) == len(keys)


def test_the_key_of_a_fold_never_meets_the_words_that_its_parent_draws() -> None:
    parent = random.key(9)
    words = set(random.bits((4000,), key=parent).tolist())
    assert not words & {word for i in range(500) for word in random.fold_in(parent, i).tolist()}


def test_a_stream_gives_another_key_at_every_call_and_begins_again_after_rewind() -> None:
    stream = random.Stream("dropout")
    keys = [stream.key().tolist() for _ in range(5)]
    assert len({tuple(k) for k in keys}) == 5
    stream.rewind()
    assert [stream.key().tolist() for _ in range(5)] == keys
    assert random.Stream("other").key().tolist() != keys[0]


def test_a_stream_goes_on_from_the_call_that_was_stored() -> None:
    stream, other = random.Stream("dropout"), random.Stream("dropout")
    keys = [stream.key().tolist() for _ in range(4)]
    other.calls.assign(np.uint64(2))
    assert [other.key().tolist() for _ in range(2)] == keys[2:]


def test_numpys_own_state_is_left_alone() -> None:
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    random.normal((10,))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    ("draw", "error"),
    [
        (lambda: random.bits((2,), dtype="int32"), DTypeError),
        (lambda: random.uniform((2,), dtype="int64"), DTypeError),
        (lambda: random.randint((2,), 5, 5), ShapeError),
        (lambda: random.uniform((2,), key=np.zeros(2)), DTypeError),
        (lambda: random.uniform((2,), key=np.zeros(3, np.uint64)), DTypeError),
        (lambda: random.uniform((2,), key=7), DTypeError),
    ],
)
def test_what_cannot_be_drawn_raises(draw: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        draw()


def test_random_numbers_have_no_gradient_and_carry_one_through_mean_and_spread() -> None:
    mean = pente.tensor([1.0, 2.0], requires_grad=True)
    (random.normal((2,), key=random.key(0)) * mean).sum().backward()
    np.testing.assert_array_equal(mean.grad.numpy(), random.normal((2,), key=random.key(0)).numpy())
