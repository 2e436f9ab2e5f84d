"""What is counted of a reading agrees with scikit-learn, and what is drawn with the scan."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_score, recall_score

from pente.cli.digits import Reading, Scans
from pente.cli.scans import draw_scan, side_by_side


def reading(truth: list[int], read: list[int]) -> Reading:
    scans = Scans(np.zeros((len(truth), 8, 8)), np.array(truth), np.arange(len(truth)))
    return Reading(scans, np.eye(10)[read])


@pytest.fixture(scope="module")
def noisy() -> Reading:
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 10
    read = np.where(rng.random(200) < 0.3, rng.integers(0, 10, 200), truth)
    return reading(truth.tolist(), read.tolist())


def test_accuracy_recall_and_precision_are_those_of_scikit_learn(noisy: Reading) -> None:
    truth, read = noisy.scans.y, noisy.digit
    tallies = noisy.tallies()
    assert noisy.accuracy == pytest.approx(accuracy_score(truth, read))
    np.testing.assert_allclose([tally.recall for tally in tallies], recall_score(truth, read, average=None))
    np.testing.assert_allclose(
        [tally.precision or np.nan for tally in tallies], precision_score(truth, read, average=None)
    )


def test_a_digit_that_was_never_read_has_no_precision() -> None:
    tallies = reading([0, 1, 1], [0, 0, 0]).tallies()
    assert (tallies[1].recall, tallies[1].precision) == (0, None)


def test_misread_scans_come_by_the_digit_that_was_written() -> None:
    assert reading([3, 2, 2, 1, 2], [0, 5, 4, 1, 4]).misread == [2, 4, 1, 0]


def test_more_ink_is_a_darker_shade() -> None:
    ramp = np.linspace(0, 1, 5)[np.newaxis]
    assert draw_scan(ramp) == ["  ░░▒▒▓▓██"]
    assert draw_scan(ramp, " .+#@") == ["  ..++##@@"]


@pytest.mark.parametrize(("width", "in_a_row"), [(10, 1), (16, 1), (35, 2), (80, 4), (120, 6)])
def test_drawings_fill_the_width_and_never_pass_it(width: int, in_a_row: int) -> None:
    lines = side_by_side([["#" * 16] * 9] * 12, width).split("\n")
    assert lines[0].count("#") == 16 * in_a_row
    assert max(map(len, lines)) <= max(width, 16)
    assert len([line for line in lines if line]) == 9 * (12 // in_a_row)
