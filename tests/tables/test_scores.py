"""The scores of tables are scikit-learn's, number for number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from pente.tables import baseline, scores

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, rows=st.integers(4, 60), classes=st.integers(2, 5), ties=st.booleans())
def test_scores_of_classes(seed: int, rows: int, classes: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])
    p = rng.dirichlet(np.ones(classes), len(y)).round(1 if ties else 9) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    found = scores(y, p)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, p.argmax(axis=1)))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p))
    if classes == 2:
        assert found["auc"] == pytest.approx(metrics.roc_auc_score(y, p[:, 1]))


@given(seed=seeds, rows=st.integers(2, 60))
def test_scores_of_numbers(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(1000, 5, (rows, 1))
    predicted = y + rng.normal(0, 3, (rows, 1))
    assert scores(y, predicted) == pytest.approx(
        {
            "r2": metrics.r2_score(y, predicted),
            "mae": metrics.mean_absolute_error(y, predicted),
            "rmse": metrics.root_mean_squared_error(y, predicted),
        }
    )


def test_what_is_not_defined_is_left_out() -> None:
    assert "auc" not in scores(np.array([1, 1]), np.array([[0.2, 0.8], [0.3, 0.7]]))
    assert "r2" not in scores(np.ones((3, 1)), np.zeros((3, 1)))


def test_certainty_about_what_did_not_happen_is_dear_but_finite() -> None:
    assert 30 < scores(np.array([0]), np.array([[0.0, 1.0]]))["log_loss"] < 40


def test_the_baseline_knows_the_training_alone() -> None:
    told = baseline(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 2]))
    assert told["accuracy"] == 0.25
    assert baseline(np.full((4, 1), 3.0), np.array([[2.0], [4.0]]))["mae"] == 1
