"""What surely is a mistake raises, names the place, and shows the line that works, which each test then runs."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import losses
from pente.core.node import Spec, spec_of
from pente.core.tracer import placeholder, trace
from pente.errors import DataError, ShapeError, UsageError

RNG = np.random.default_rng(0)
LABELS = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
LOGITS = RNG.normal(size=(4, 3)).astype(np.float32) * 3
P = pente.softmax(LOGITS).numpy()
BITS = np.array([[0.0], [1.0], [1.0], [0.0]], np.float32)
UNIT = pente.sigmoid(LOGITS[:, :1]).numpy()


def works(value):
    assert np.isfinite(value.numpy()).all()


def says(*parts):
    return "(?s)" + ".*".join(map(re.escape, parts))


# The arguments exchanged.


def test_labels_given_as_predictions():
    with pytest.raises(UsageError, match=says("y_pred is int64", "sparse_categorical_crossentropy(y_true, y_pred)")):
        losses.sparse_categorical_crossentropy(P, LABELS)
    works(losses.sparse_categorical_crossentropy(LABELS, P))


def test_one_hot_targets_given_as_predictions():
    for from_logits in (False, True):
        with pytest.raises(UsageError, match=says("y_pred is one-hot and y_true is not", "(y_true, y_pred)")):
            losses.categorical_crossentropy(P, ONE_HOT, from_logits=from_logits)
    works(losses.categorical_crossentropy(ONE_HOT, P))


def test_yes_and_no_given_as_predictions():
    with pytest.raises(UsageError, match=says("nothing but 0 and 1", "binary_crossentropy(y_true, y_pred)")):
        losses.binary_crossentropy(UNIT, BITS)
    works(losses.binary_crossentropy(BITS, UNIT))


@pytest.mark.parametrize("loss", [losses.categorical_crossentropy, losses.binary_crossentropy])
def test_targets_that_were_computed_from_weights(loss):
    weight = pente.Variable(LOGITS)
    soft = np.full((4, 3), 1 / 3, np.float32)
    with pytest.raises(UsageError, match=says("y_true was computed", "exchanged")):
        loss(pente.softmax(weight), soft)
    works(loss(soft, pente.softmax(weight)))


def test_an_exchange_is_seen_while_a_function_is_traced():
    weight = pente.Variable(LOGITS)
    with pytest.raises(UsageError, match="exchanged"):
        trace(lambda y: losses.categorical_crossentropy(pente.softmax(weight), y), [spec_of(ONE_HOT)])
    trace(lambda y: losses.categorical_crossentropy(y, pente.softmax(weight)), [spec_of(ONE_HOT)])


def test_a_model_that_is_sure_of_itself_is_no_exchange():
    works(losses.categorical_crossentropy(ONE_HOT, np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]))
    works(losses.binary_crossentropy(BITS, 1.0 - BITS))


# Logits and probabilities.


def test_a_linear_head_without_from_logits():
    with pytest.raises(UsageError, match=says("y_pred[0, 1]", "from_logits=True", "activation='softmax'")):
        losses.categorical_crossentropy(ONE_HOT, np.array(LOGITS * [[0.0, 1.0, 1.0]]))
    for loss, y in ((losses.categorical_crossentropy, ONE_HOT), (losses.sparse_categorical_crossentropy, LABELS)):
        with pytest.raises(UsageError, match=says("a probability lies in 0 … 1", "from_logits=True")):
            loss(y, LOGITS)
        works(loss(y, LOGITS, from_logits=True))
        works(loss(y, pente.softmax(LOGITS)))


def test_a_linear_unit_without_from_logits():
    with pytest.raises(
        UsageError, match=says("a probability lies in 0 … 1", "from_logits=True", "activation='sigmoid'")
    ):
        losses.binary_crossentropy(BITS, LOGITS[:, :1])
    works(losses.binary_crossentropy(BITS, LOGITS[:, :1], from_logits=True))
    works(losses.binary_crossentropy(BITS, pente.sigmoid(LOGITS[:, :1])))


def test_rows_that_do_not_sum_to_1():
    with pytest.raises(
        UsageError, match=says("y_pred[2] sum to 1.5 and not to 1", "activation='softmax'", "binary_crossentropy")
    ):
        losses.categorical_crossentropy(ONE_HOT, P + np.array([[0.0], [0.0], [0.5 / 3], [0.0]]))
    works(losses.categorical_crossentropy(ONE_HOT, P / P.sum(-1, keepdims=True)))
    works(losses.categorical_crossentropy([[0.0, 1.0, 0.0]], [[0.33, 0.33, 0.33]]))


@pytest.mark.parametrize("loss", [losses.categorical_crossentropy, losses.sparse_categorical_crossentropy])
def test_a_sigmoid_head_for_classes_that_exclude_each_other(loss):
    y = ONE_HOT if loss is losses.categorical_crossentropy else LABELS
    with pytest.raises(UsageError, match=says("from a sigmoid", "activation='softmax'")):
        trace(lambda z: loss(y, pente.sigmoid(z)), [spec_of(LOGITS)])
    works(loss(y, pente.softmax(LOGITS)))
    works(losses.binary_crossentropy(ONE_HOT, pente.sigmoid(LOGITS)))


@pytest.mark.parametrize("loss", [losses.categorical_crossentropy, losses.sparse_categorical_crossentropy])
def test_a_softmax_of_a_softmax(loss):
    y = ONE_HOT if loss is losses.categorical_crossentropy else LABELS
    expected = says("from_logits=True", "probabilities already", "from_logits=False")
    with pytest.raises(UsageError, match=expected):
        loss(y, P, from_logits=True)
    with pytest.raises(UsageError, match=expected):
        trace(lambda z: loss(y, pente.softmax(z), from_logits=True), [spec_of(LOGITS)])
    works(loss(y, P, from_logits=False))
    works(loss(y, LOGITS, from_logits=True))


def test_a_sigmoid_of_a_sigmoid():
    with pytest.raises(UsageError, match=says("before the sigmoid", "from_logits=False")):
        trace(lambda z: losses.binary_crossentropy(ONE_HOT, pente.sigmoid(z), from_logits=True), [spec_of(LOGITS)])
    works(losses.binary_crossentropy(ONE_HOT, pente.sigmoid(LOGITS), from_logits=False))


def test_small_logits_are_no_probabilities():
    works(losses.categorical_crossentropy(ONE_HOT, np.zeros((4, 3)), from_logits=True))
    works(losses.categorical_crossentropy(ONE_HOT, np.abs(LOGITS) / 100, from_logits=True))


def test_log_probabilities_taken_for_probabilities():
    with pytest.raises(UsageError, match=says("log-probabilities", "negative_log_likelihood", "from_logits=True")):
        losses.sparse_categorical_crossentropy(LABELS, np.log(P))
    expected = losses.sparse_categorical_crossentropy(LABELS, P).numpy()
    np.testing.assert_allclose(losses.negative_log_likelihood(LABELS, np.log(P)).numpy(), expected, rtol=1e-5)
    found = losses.sparse_categorical_crossentropy(LABELS, np.log(P), from_logits=True)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("wrong", [P, LOGITS])
def test_a_likelihood_of_what_is_no_logarithm(wrong):
    with pytest.raises(UsageError, match=says("logarithms of probabilities", "pente.log_softmax(y_pred)")):
        losses.negative_log_likelihood(LABELS, wrong)
    works(losses.negative_log_likelihood(LABELS, pente.log_softmax(LOGITS)))
    works(losses.sparse_categorical_crossentropy(LABELS, P))


def test_a_likelihood_of_a_softmax_is_seen_while_traced():
    with pytest.raises(UsageError, match="holds probabilities"):
        trace(lambda z: losses.negative_log_likelihood(LABELS, pente.softmax(z)), [spec_of(LOGITS)])
    trace(lambda z: losses.negative_log_likelihood(LABELS, pente.log_softmax(z)), [spec_of(LOGITS)])


def test_a_divergence_of_logits():
    with pytest.raises(UsageError, match=says("y_pred[", "pente.softmax(y_pred)")):
        losses.kl_divergence(P, LOGITS)
    with pytest.raises(UsageError, match=says("y_true[", "pente.softmax(y_true)")):
        losses.kl_divergence(LOGITS, P)
    works(losses.kl_divergence(P, pente.softmax(LOGITS)))
    works(losses.kl_divergence(pente.softmax(LOGITS), P))


# Labels and one-hot targets.


@pytest.mark.parametrize(("labels", "line"), [(LABELS, "y_true"), (LABELS[:, None], "y_true[..., 0]")])
def test_labels_for_the_one_hot_loss(labels, line):
    expected = says("one label a row", "sparse_categorical_crossentropy(y_true, y_pred)", f"pente.one_hot({line}, 3)")
    with pytest.raises(UsageError, match=expected):
        losses.categorical_crossentropy(labels, P)
    works(losses.sparse_categorical_crossentropy(labels, P))
    works(losses.categorical_crossentropy(pente.one_hot(LABELS, 3), P))
    works(losses.categorical_crossentropy(pente.one_hot(LABELS[:, None][..., 0], 3), P))


def test_labels_for_the_hinge_of_classes():
    with pytest.raises(UsageError, match=says("categorical_hinge(pente.one_hot(y_true, 3), y_pred)")):
        losses.categorical_hinge(LABELS, LOGITS)
    works(losses.categorical_hinge(pente.one_hot(LABELS, 3), LOGITS))


@pytest.mark.parametrize("loss", [losses.sparse_categorical_crossentropy, losses.negative_log_likelihood])
def test_one_hot_targets_for_the_loss_of_labels(loss):
    p = P if loss is losses.sparse_categorical_crossentropy else np.log(P)
    with pytest.raises(UsageError, match=says("one number a class", "pente.argmax(y_true, axis=1), y_pred)")):
        loss(ONE_HOT, p)
    works(loss(pente.argmax(ONE_HOT, axis=1), p))


def test_the_loss_of_labels_names_the_one_hot_loss():
    with pytest.raises(UsageError, match=says("use categorical_crossentropy(y_true, y_pred)")):
        losses.sparse_categorical_crossentropy(ONE_HOT, P)
    works(losses.categorical_crossentropy(ONE_HOT, P))


@pytest.mark.parametrize("loss", [losses.categorical_crossentropy, losses.sparse_categorical_crossentropy])
def test_a_single_class(loss):
    y = np.zeros((4, 1)) if loss is losses.categorical_crossentropy else np.zeros(4, int)
    with pytest.raises(UsageError, match=says("single class", "binary_crossentropy(y_true, y_pred)")):
        loss(y, np.ones((4, 1)))
    works(losses.binary_crossentropy(BITS, UNIT))


@pytest.mark.parametrize(
    ("labels", "fix", "mended"),
    [
        ([1, 3, 2, 3], "y_true - 1", [0, 2, 1, 2]),
        ([0, 2, 1, 9], "Give the last layer units=10", None),
        ([0, 2, -1, 1], "ignore_class=-1", [0, 2, -1, 1]),
        ([0, 2, 1.5, 1], "Correct the labels", [0, 2, 1, 1]),
        ([0, 2, -1, 9], "Correct the labels", [0, 2, 1, 1]),
        ([0, 2, float("nan"), 1], "Correct the labels", [0, 2, 1, 1]),
    ],
)
def test_labels_out_of_range_name_value_row_and_range(labels, fix, mended):
    bad = next(i for i, label in enumerate(labels) if label not in (0, 1, 2))
    with pytest.raises(DataError, match=says(f"y_true[{bad}] is {labels[bad]:g}", "from 0 to 2", fix)):
        losses.sparse_categorical_crossentropy(labels, P)
    settings = {"ignore_class": -1} if "ignore" in fix else {}
    wide = np.full((4, 10), 0.1)
    works(
        losses.sparse_categorical_crossentropy(
            labels if mended is None else mended, wide if mended is None else P, **settings
        )
    )


def test_a_label_that_is_not_the_ignored_one_is_still_refused():
    with pytest.raises(DataError, match=says("y_true[3] is 7")):
        losses.sparse_categorical_crossentropy([0, 1, -1, 7], P, ignore_class=-1)


def test_all_labels_of_a_data_set_are_checked_before_there_are_predictions():
    guess = placeholder(Spec((4, 3), np.dtype("float32")))
    with pytest.raises(DataError, match=says("y_true[3] is 7")):
        losses.sparse_categorical_crossentropy([0, 1, 2, 7], guess, from_logits=True)
    losses.sparse_categorical_crossentropy([0, 1, 2, 0], guess, from_logits=True)


@pytest.mark.parametrize(
    ("y", "fix", "mended"),
    [
        (2 * BITS - 1, "(y_true + 1) / 2", BITS),
        (BITS + 1, "y_true - 1", BITS),
        (BITS * 200, "write y_true / 255", BITS * 200 / 255),
    ],
)
def test_targets_of_yes_and_no_outside_of_0_and_1(y, fix, mended):
    with pytest.raises(DataError, match=says("binary_crossentropy: y_true[", "outside of 0 … 1", fix)):
        losses.binary_crossentropy(y, UNIT)
    works(losses.binary_crossentropy(mended, UNIT))


# Shapes.

ELEMENTWISE = [losses.mse, losses.mae, losses.huber, losses.log_cosh, losses.hinge, losses.binary_crossentropy]


@pytest.mark.parametrize("loss", ELEMENTWISE)
@given(n=st.integers(2, 9))
def test_a_row_beside_a_column_is_refused_and_not_made_a_table(loss, n):
    y, p = np.ones(n), np.full((n, 1), 0.5)
    with pytest.raises(ShapeError, match=says(f"({n},)", f"({n}, 1)", f"pente.reshape(y_true, ({n}, 1))")):
        loss(y, p)
    with pytest.raises(ShapeError, match=says(f"pente.reshape(y_true, ({n},))")):
        loss(y[:, None], p[:, 0])
    works(loss(pente.reshape(y, (n, 1)), p))


def test_a_row_beside_a_column_is_refused_while_traced():
    with pytest.raises(ShapeError, match=r"pente\.reshape"):
        trace(losses.mean_squared_error, [Spec((4,), np.dtype("float32")), Spec((4, 1), np.dtype("float32"))])


def test_nothing_is_repeated_unless_it_is_said():
    with pytest.raises(ShapeError, match=says("mean_squared_error(*pente.broadcast_arrays(y_true, y_pred))")):
        losses.mean_squared_error(np.ones((1, 3)), LOGITS)
    works(losses.mean_squared_error(*pente.broadcast_arrays(np.ones((1, 3), np.float32), LOGITS)))


def test_more_targets_than_units():
    with pytest.raises(ShapeError, match=says("Give the last layer units=3")):
        losses.mean_squared_error(ONE_HOT, LOGITS[:, :2])
    with pytest.raises(ShapeError, match=says("Give one target for each prediction")):
        losses.mean_squared_error(ONE_HOT[:3], LOGITS)
    with pytest.raises(ShapeError, match=says("Give one target for each prediction")):
        losses.mean_squared_error(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match=says("labels of shape (4,)")):
        losses.sparse_categorical_crossentropy(LABELS[:3], P)
    works(losses.mean_squared_error(ONE_HOT, LOGITS))


# NaN.


@pytest.mark.parametrize("loss", [*ELEMENTWISE, losses.cosine_similarity])
def test_nan_in_the_targets(loss):
    y = np.array([[0.0, 1.0], [1.0, np.nan], [1.0, 0.0]])
    p = np.full((3, 2), 0.4)
    with pytest.raises(DataError, match=says("y_true[1, 1] is NaN", "keep = ~np.isnan(y).any(axis=-1)")):
        loss(y, p)
    keep = ~np.isnan(y).any(axis=-1)
    works(loss(y[keep], p[keep]))


def test_nan_in_the_predictions_is_left_to_the_loss():
    p = np.array([[np.nan, 0.5, 0.5]] * 4)
    assert np.isnan(losses.categorical_crossentropy(ONE_HOT, p).numpy()).all()
    assert np.isnan(losses.mean_squared_error(ONE_HOT, p).numpy()).all()


# Settings.


def test_smoothing_that_is_no_share():
    with pytest.raises(UsageError, match=says("label_smoothing is a share from 0 to 1", "0.1")):
        losses.categorical_crossentropy(ONE_HOT, P, label_smoothing=2)
    works(losses.categorical_crossentropy(ONE_HOT, P, label_smoothing=0.1))


def test_an_empty_batch_has_no_mean():
    with pytest.raises(DataError, match="empty batch"):
        losses.MeanSquaredError()(np.zeros((0, 1)), np.zeros((0, 1)))
    assert losses.MeanSquaredError(reduction="sum")(np.zeros((0, 1)), np.zeros((0, 1))).item() == 0.0
