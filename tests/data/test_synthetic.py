import numpy as np
import pytest
from sklearn import datasets

from pente.data import make_circles, make_moons, make_sine, make_spirals, make_xor
from pente.errors import DataError

PLANE = [make_moons, make_circles, make_spirals, make_xor]
ALL = [*PLANE, make_sine]


def sorted_rows(x, y):
    rows = np.column_stack([y, np.round(x, 5) + 0.0])
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("n", [2, 7, 100])
def test_moons_are_scikit_learns_points(n):
    theirs = datasets.make_moons(n, shuffle=False)
    np.testing.assert_allclose(sorted_rows(*make_moons(n)), sorted_rows(*theirs), atol=2e-5)


@pytest.mark.parametrize("n", [2, 7, 100])
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.8])
def test_circles_are_scikit_learns_points(n, factor):
    theirs = datasets.make_circles(n, shuffle=False, factor=factor)
    np.testing.assert_allclose(sorted_rows(*make_circles(n, factor=factor)), sorted_rows(*theirs), atol=2e-5)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_spiral_arms_are_turned_copies_of_the_first(classes):
    x, y = make_spirals(30 * classes, classes=classes, turns=1.25)
    z = x[:, 0] + 1j * x[:, 1]
    arms = [z[y == k][np.argsort(abs(z[y == k]))] for k in range(classes)]
    for k, arm in enumerate(arms):
        np.testing.assert_allclose(arm, arms[0] * np.exp(2j * np.pi * k / classes), atol=1e-6)


def test_spiral_winds_from_the_origin_to_the_circle_as_often_as_asked():
    x, y = make_spirals(2000, turns=1.5)
    z = (x[:, 0] + 1j * x[:, 1])[y == 0]
    z = z[np.argsort(abs(z))]
    radius, angle = abs(z), np.unwrap(np.angle(z))
    np.testing.assert_allclose([radius[0], radius[-1]], [0.001, 1], atol=1e-6)
    np.testing.assert_allclose(angle, 2 * np.pi * 1.5 * radius, atol=1e-4)


def test_xor_labels_are_the_exclusive_or_of_the_signs_in_all_four_quadrants():
    x, y = make_xor(400)
    right, up = (x > 0).T
    np.testing.assert_array_equal(right ^ up, y == 1)
    assert np.bincount(2 * right + up).tolist() == [100, 100, 100, 100]
    assert 0.9 < abs(x).max() <= 1


def test_sine_without_noise_is_the_sine_over_one_period():
    x, y = make_sine(101)
    np.testing.assert_allclose(y, np.sin(x), atol=1e-6)
    np.testing.assert_allclose(np.sort(x, axis=0)[:, 0], np.linspace(-np.pi, np.pi, 101), atol=1e-6)
    assert x.shape == y.shape == (101, 1)
    assert x.dtype == y.dtype == np.float32


@pytest.mark.parametrize("make", PLANE)
@pytest.mark.parametrize("n", [2, 9, 50])
def test_classes_are_balanced_and_typed(make, n):
    x, y = make(n, noise=0.1)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((n, 2), np.float32, (n,), np.int64)
    assert np.ptp(np.bincount(y, minlength=2)) == n % 2


@pytest.mark.parametrize("make", ALL)
def test_same_seed_gives_the_same_data_whatever_was_drawn_before(make):
    first = make(40, noise=0.1, seed=3)
    np.random.seed(0)  # noqa: NPY002 - global state is what must not matter
    second = make(40, noise=0.1, seed=3)
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.y, second.y)


@pytest.mark.parametrize("make", ALL)
def test_generators_leave_numpys_global_state_alone(make):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make(40, noise=0.1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("make", ALL)
def test_another_seed_gives_another_order(make):
    assert not np.array_equal(make(40, seed=1).x, make(40, seed=2).x)


@pytest.mark.parametrize("make", PLANE)
def test_rows_are_shuffled(make):
    y = make(100).y
    assert np.count_nonzero(np.diff(y)) > 20


@pytest.mark.parametrize("make", [make_moons, make_circles, make_spirals])
def test_noise_is_a_standard_deviation(make):
    added = make(20_000, noise=0.2).x - make(20_000).x  # noise does not change the shuffle
    np.testing.assert_allclose([added.mean(), added.std()], [0, 0.2], atol=0.005)
    assert abs(np.corrcoef(added.T)[0, 1]) < 0.03


def test_noise_of_the_sine_is_on_the_target_alone():
    x, y = make_sine(20_000, noise=0.2)
    np.testing.assert_array_equal(x, make_sine(20_000).x)
    np.testing.assert_allclose((y - np.sin(x)).std(), 0.2, atol=0.005)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_impossible_noise_is_refused(make, noise):
    with pytest.raises(DataError, match="standard deviation"):
        make(10, noise=noise)


@pytest.mark.parametrize("make", ALL)
def test_too_few_samples_are_refused(make):
    with pytest.raises(DataError, match="n_samples"):
        make(0)


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, None])
def test_a_seed_that_is_no_64_bit_integer_is_refused(seed):
    with pytest.raises(DataError, match="seed"):
        make_moons(10, seed=seed)


@pytest.mark.parametrize("factor", [-0.1, 1.0])
def test_an_inner_circle_that_is_not_inside_is_refused(factor):
    with pytest.raises(DataError, match="factor"):
        make_circles(10, factor=factor)


def test_a_single_spiral_is_refused():
    with pytest.raises(DataError, match="classes"):
        make_spirals(10, classes=1)
