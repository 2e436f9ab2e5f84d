"""Every metric, fed in batches of unequal sizes and with weights, against scikit-learn on the whole epoch at once."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import metrics

seeds = st.integers(0, 2**32 - 1)


def fed(metric, y, p, w=None, cuts=(3, 4, 11)):
    """The result after the rows came in unequal batches."""
    for rows in np.split(np.arange(len(y)), cuts):
        metric.update_state(y[rows], p[rows], None if w is None else w[rows])
    return metric.result().numpy()


def classes_of(seed, n=24, classes=4):
    rng = np.random.default_rng(seed)
    p = pente.softmax(rng.normal(size=(n, classes))).numpy()
    return rng.integers(0, classes, n), p, rng.uniform(0.1, 2.0, n)


def units_of(seed, n=24):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    return y, np.clip(0.3 * y + rng.uniform(size=n) * 0.7, 0, 1), rng.uniform(0.1, 2.0, n)


def numbers_of(seed, n=24, outputs=3):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, outputs))
    return y, y + rng.normal(size=(n, outputs)), rng.uniform(0.1, 2.0, n)


@given(seed=seeds, weighted=st.booleans())
def test_accuracy_of_classes(seed, weighted):
    y, p, w = classes_of(seed)
    w = w if weighted else None
    expected = sk.accuracy_score(y, p.argmax(-1), sample_weight=w)
    assert fed(metrics.SparseCategoricalAccuracy(), y, p, w) == pytest.approx(expected)
    assert fed(metrics.SparseCategoricalAccuracy(), y[:, None], p, w) == pytest.approx(expected)
    assert fed(metrics.CategoricalAccuracy(), np.eye(4)[y], p, w) == pytest.approx(expected)
    assert fed(metrics.Accuracy(), y, p.argmax(-1), w) == pytest.approx(expected)


@given(seed=seeds, k=st.integers(1, 3), weighted=st.booleans())
def test_accuracy_of_the_k_best(seed, k, weighted):
    y, p, w = classes_of(seed)
    w = w if weighted else None
    expected = sk.top_k_accuracy_score(y, p, k=k, sample_weight=w, labels=range(4))
    assert fed(metrics.SparseTopKCategoricalAccuracy(k=k), y, p, w) == pytest.approx(expected)
    assert fed(metrics.TopKCategoricalAccuracy(k=k), np.eye(4)[y], p, w) == pytest.approx(expected)


@given(seed=seeds, threshold=st.sampled_from([0.2, 0.5, 0.8]), weighted=st.booleans(), column=st.booleans())
def test_binary_accuracy_precision_and_recall(seed, threshold, weighted, column):
    y, p, w = units_of(seed)
    w = w if weighted else None
    given_y, given_p = (y[:, None], p[:, None]) if column else (y, p)
    said = p > threshold
    accuracy = sk.accuracy_score(y, said, sample_weight=w)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        y, said, average="binary", sample_weight=w, zero_division=0
    )
    assert fed(metrics.BinaryAccuracy(threshold=threshold), given_y, given_p, w) == pytest.approx(accuracy)
    assert fed(metrics.Precision(threshold), given_y, given_p, w) == pytest.approx(precision)
    assert fed(metrics.Recall(threshold), given_y, given_p, w) == pytest.approx(recall)
    f1_of_units = fed(metrics.F1Score(threshold=threshold), y[:, None], p[:, None], w)
    np.testing.assert_allclose(f1_of_units, [f1])


def test_several_thresholds_give_several_results():
    y, p, _ = units_of(0)
    cuts = [0.2, 0.5, 0.8]
    together = fed(metrics.Precision(cuts), y, p), fed(metrics.Recall(cuts), y, p)
    apart = [[fed(kind(cut), y, p) for cut in cuts] for kind in (metrics.Precision, metrics.Recall)]
    np.testing.assert_array_equal(together, apart)


def test_one_class_out_of_many():
    y, p, w = classes_of(0)
    precision, recall, _, _ = sk.precision_recall_fscore_support(
        y == 2, p[:, 2] > 0.3, average="binary", sample_weight=w
    )
    assert fed(metrics.Precision(0.3, class_id=2), np.eye(4)[y], p, w) == pytest.approx(precision)
    assert fed(metrics.Recall(0.3, class_id=2), np.eye(4)[y], p, w) == pytest.approx(recall)


@given(seed=seeds, average=st.sampled_from([None, "micro", "macro", "weighted"]), weighted=st.booleans())
def test_f1_of_classes(seed, average, weighted):
    y, p, w = classes_of(seed)
    w = w if weighted else None
    expected = sk.f1_score(y, p.argmax(-1), average=average, sample_weight=w, labels=range(4), zero_division=0)
    np.testing.assert_allclose(fed(metrics.F1Score(average), np.eye(4)[y], p, w), expected)


@given(seed=seeds, weighted=st.booleans())
def test_area_under_the_roc_curve(seed, weighted):
    y, p, w = units_of(seed)
    p = p.round(2)  # on the thresholds of the metric, so that both curves have the same points
    w = w if weighted else None
    found = fed(metrics.AUC(num_thresholds=101), y, p * 0.98 + 0.005, w)
    assert found == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w), abs=1e-9)


def test_area_under_the_precision_recall_curve_is_near_the_average_precision():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    p = np.clip(0.25 * y + 0.75 * rng.uniform(size=4000), 0, 1)
    found = fed(metrics.AUC(1000, curve="PR"), y, p)
    assert found == pytest.approx(sk.average_precision_score(y, p), abs=2e-3)


def test_area_from_logits():
    y, p, _ = units_of(0)
    logits = 4 * p - 2
    expected = fed(metrics.AUC(), y, pente.sigmoid(logits).numpy())
    assert fed(metrics.AUC(from_logits=True), y, logits) == expected


@given(seed=seeds, weighted=st.booleans())
def test_regression(seed, weighted):
    y, p, w = numbers_of(seed)
    w = w if weighted else None
    mse = sk.mean_squared_error(y, p, sample_weight=w)
    assert fed(metrics.MeanSquaredError(), y, p, w) == pytest.approx(mse)
    assert fed(metrics.RootMeanSquaredError(), y, p, w) == pytest.approx(np.sqrt(mse))
    assert fed(metrics.MeanAbsoluteError(), y, p, w) == pytest.approx(sk.mean_absolute_error(y, p, sample_weight=w))
    mape = sk.mean_absolute_percentage_error(y, p, sample_weight=w)
    assert fed(metrics.MeanAbsolutePercentageError(), y, p, w) == pytest.approx(100 * mape, rel=1e-6)
    msle = sk.mean_squared_log_error(y**2, p**2, sample_weight=w)
    assert fed(metrics.MeanSquaredLogarithmicError(), y**2, p**2, w) == pytest.approx(msle, rel=1e-4)


AVERAGES = {"uniform_average": "uniform_average", "variance_weighted_average": "variance_weighted", None: "raw_values"}


@given(seed=seeds, weighted=st.booleans(), average=st.sampled_from(list(AVERAGES)), offset=st.sampled_from([0.0, 1e7]))
def test_r2_also_far_from_0(seed, weighted, average, offset):
    y, p, w = numbers_of(seed)
    y, p, w = y + offset, p + offset, w if weighted else None
    expected = sk.r2_score(y, p, sample_weight=w, multioutput=AVERAGES[average])
    np.testing.assert_allclose(fed(metrics.R2Score(average), y, p, w), expected, rtol=1e-6, atol=1e-7)


def test_r2_keeps_the_digits_of_targets_finer_than_the_predictions():
    y = 1e6 + np.linspace(0.0, 0.1, 9)
    p = (y + 0.03).astype(np.float32)
    assert fed(metrics.R2Score(), y, p, cuts=(4,)) == pytest.approx(sk.r2_score(y, p.astype(np.float64)), rel=1e-6)


def test_r2_of_targets_that_do_not_vary():
    y = np.ones((4, 2))
    p = y + [[0.0, 1.0]]
    np.testing.assert_array_equal(
        fed(metrics.R2Score(None), y, p, cuts=(2,)), sk.r2_score(y, p, multioutput="raw_values")
    )


def test_r2_adjusted_for_its_regressors():
    y, p, _ = numbers_of(0, n=24, outputs=1)
    plain = sk.r2_score(y, p)
    assert fed(metrics.R2Score(num_regressors=3), y, p) == pytest.approx(1 - (1 - plain) * 23 / 20)
    few = metrics.R2Score(num_regressors=3)
    assert few(y[:4], p[:4]).item() == pytest.approx(sk.r2_score(y[:4], p[:4]))


@given(seed=seeds, weighted=st.booleans())
def test_crossentropy_of_an_epoch(seed, weighted):
    y, p, w = classes_of(seed)
    w = w if weighted else None
    expected = sk.log_loss(y, p, sample_weight=w, labels=range(4))
    assert fed(metrics.SparseCategoricalCrossentropy(), y, p, w) == pytest.approx(expected, rel=1e-5)
    assert fed(metrics.CategoricalCrossentropy(), np.eye(4)[y], p, w) == pytest.approx(expected, rel=1e-5)
    y, p, w = units_of(seed)
    w = w if weighted else None
    expected = sk.log_loss(y, p, sample_weight=w)
    assert fed(metrics.BinaryCrossentropy(), y, p, w) == pytest.approx(expected, rel=1e-4)
    signs = 2 * y - 1
    assert fed(metrics.Hinge(), signs, p, w) == pytest.approx(sk.hinge_loss(signs, p, sample_weight=w))
