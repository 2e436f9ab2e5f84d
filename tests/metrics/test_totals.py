"""What metrics keep: totals over the epoch that are exact, have paths, start over, and can be part of a program."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import losses, metrics
from pente.compiler.jit import jit
from pente.core.node import spec_of
from pente.core.tracer import Tracer, trace
from pente.errors import DataError, ShapeError, UnknownNameError, UsageError

CLASSES = [
    kind
    for name in metrics.__all__
    if inspect.isclass(kind := getattr(metrics, name)) and name not in ("Metric", "MeanMetricWrapper")
]
SINGLE = (metrics.Mean, metrics.Sum)
Y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
P = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])


def pair_for(kind):
    """Targets and predictions that suit this metric."""
    if kind in SINGLE:
        return (P,)
    return (Y.argmax(-1), P) if "Sparse" in kind.__name__ else (Y, P)


@pytest.mark.parametrize("kind", CLASSES)
def test_the_batches_do_not_matter(kind):
    whole, parts = kind(), kind()
    arrays = pair_for(kind)
    whole.update_state(*arrays)
    for rows in (slice(0, 3), slice(3, 4)):
        parts.update_state(*[x[rows] for x in arrays])
    np.testing.assert_allclose(parts.result().numpy(), whole.result().numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_reset_forgets_everything(kind):
    metric = kind()
    arrays = pair_for(kind)
    first = metric(*arrays).numpy()
    metric.reset_state()
    assert all((v.numpy() == 0).all() for v in metric.variables)
    np.testing.assert_array_equal(metric(*arrays).numpy(), first)


@pytest.mark.parametrize("kind", CLASSES)
def test_totals_are_state_with_paths_that_no_gradient_changes(kind):
    metric = kind(name="mine")
    metric(*pair_for(kind))
    assert metric.variables
    assert not any(v.trainable for v in metric.variables)
    assert len({v.name for v in metric.variables}) == len(metric.variables)
    assert all(v.name.startswith("metrics/mine/") for v in metric.variables)
    metric.name = "other"
    assert all(v.name.startswith("metrics/other/") for v in metric.variables)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_update_can_be_traced(kind):
    arrays = pair_for(kind)
    eager, traced = kind(), kind()
    traced.update_state(*arrays)
    eager.update_state(*arrays)
    tracer = Tracer()
    graph, _ = trace(lambda *xs: traced(*xs), [spec_of(x) for x in arrays], tracer)
    assert set(graph.assigned) == set(traced.variables)
    np.testing.assert_array_equal(graph(*arrays)[0], eager(*arrays).numpy())
    for mine, node in zip(eager.variables, map(graph.assigned.get, traced.variables), strict=True):
        np.testing.assert_array_equal(graph.run(arrays, [node])[0], mine.numpy())


@pytest.mark.parametrize("kind", CLASSES)
def test_a_compiled_update_is_the_eager_one(kind):
    arrays = pair_for(kind)
    eager, compiled = kind(), kind()
    update = jit(lambda *xs: compiled(*xs))
    for _ in range(2):
        expected, found = eager(*arrays), update(*map(pente.tensor, arrays))
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)
    for mine, other in zip(eager.variables, compiled.variables, strict=True):
        np.testing.assert_allclose(other.numpy(), mine.numpy(), rtol=1e-12)


def test_totals_made_inside_a_trace_are_part_of_its_state():
    metric = metrics.R2Score()
    graph, _ = trace(lambda y, p: metric(y, p), [spec_of(Y), spec_of(P)])
    assert set(graph.assigned) == set(metric.variables)
    assert all((v.numpy() == 0).all() for v in metric.variables)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_metric_can_be_made_again_from_its_config(kind):
    metric = kind(name="mine")
    again = kind.from_config(metric.get_config())
    assert again.get_config() == metric.get_config()
    assert again.name == "mine"
    np.testing.assert_array_equal(again(*pair_for(kind)).numpy(), metric(*pair_for(kind)).numpy())


@pytest.mark.parametrize("before", [2**24, 2**31, 2**53 - 1])
def test_a_count_stays_exact_where_float32_stops_counting(before):
    accuracy = metrics.BinaryAccuracy()
    accuracy.total.assign(np.float64(before - 1))
    accuracy.count.assign(np.float64(before))
    accuracy.update_state([1.0], [0.9])
    assert (int(accuracy.total.numpy()), int(accuracy.count.numpy())) == (before, before + 1)
    recall = metrics.Recall()
    recall.true_positives.assign(np.array([before], np.float64))
    recall.update_state([1.0], [0.9])
    assert int(recall.true_positives.numpy()[0]) == before + 1


def test_many_small_values_do_not_lose_their_digits():
    mean = metrics.Mean()
    values = np.full(2**20, 0.1, np.float32)
    for _ in range(4):
        mean.update_state(values)
    assert mean.result().item() == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_a_metric_records_no_graph():
    z = pente.tensor(P, requires_grad=True)
    mean = metrics.Mean()
    mean.update_state(z)
    metric = metrics.CategoricalAccuracy()
    assert not metric(Y, pente.softmax(z)).requires_grad
    assert all(v.node.op is None for v in (*mean.variables, *metric.variables))


def test_before_the_first_sample_the_result_is_0():
    assert [kind().result().item() for kind in CLASSES if kind is not metrics.RootMeanSquaredError] == [0.0] * (
        len(CLASSES) - 1
    )
    assert metrics.RootMeanSquaredError().result().item() == 0.0


def test_nothing_called_positive_has_precision_0():
    precision = metrics.Precision()
    assert precision([1.0, 0.0], [0.1, 0.2]).item() == 0.0


def test_weights_of_a_mean():
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0], sample_weight=[3.0, 1.0])
    mean.update_state(10.0, sample_weight=4.0)
    assert mean.result().item() == pytest.approx((3 + 2 + 40) / 8)
    total = metrics.Sum()
    total.update_state([1.0, 2.0], sample_weight=[3.0, 1.0])
    assert total.result().item() == 5.0


def test_ignored_labels_do_not_count():
    metric = metrics.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    assert metric([0, -1, 1], np.zeros((3, 2))).item() == pytest.approx(np.log(2))
    assert metric([-1, -1], np.zeros((2, 2))).item() == pytest.approx(np.log(2))
    assert metric([0, -1], np.array([[0.0, -100.0], [0.0, 0.0]]), [3.0, 9.0]).item() == pytest.approx(2 * np.log(2) / 5)


@given(st.integers(1, 5))
def test_a_dead_network_is_not_among_the_best(k):
    nothing = np.full((3, 5), np.nan)
    assert metrics.SparseTopKCategoricalAccuracy(k=k)([0, 1, 2], nothing).item() == 0.0


def test_scores_that_tie_are_all_among_the_best():
    assert metrics.SparseTopKCategoricalAccuracy(k=1)([2], [[0.5, 0.1, 0.5]]).item() == 1.0


# Names.


@pytest.mark.parametrize("kind", CLASSES)
def test_every_metric_is_found_by_name(kind):
    if kind is not metrics.Accuracy:
        assert type(metrics.get(kind.__name__)) is kind
        assert type(metrics.get(kind().name)) is kind
    assert type(metrics.get(kind)) is kind
    made = kind()
    assert metrics.get(made) is made


@pytest.mark.parametrize("name", [n for n in losses.__all__ if n.islower() and n != "get"])
def test_every_loss_is_a_metric_by_its_name(name):
    metric = metrics.get(name)
    assert metric.name == name
    assert isinstance(metric, metrics.MeanMetricWrapper)


def test_a_loss_object_and_a_function_are_metrics():
    assert metrics.get(losses.Huber(delta=2.0))([0.0], [4.0]).item() == pytest.approx(6.0)

    def worst(y_true, y_pred):
        return abs(y_pred - y_true).max(axis=-1)

    metric = metrics.get(worst)
    assert (metric.name, metric(Y, P).item()) == ("worst", pytest.approx(0.35))


def test_a_name_that_is_not_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'precision'"):
        metrics.get("precison")
    assert metrics.get("precision").name == "precision"


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("binary_crossentropy", metrics.BinaryAccuracy),
        ("sparse_categorical_crossentropy", metrics.SparseCategoricalAccuracy),
        (losses.categorical_crossentropy, metrics.CategoricalAccuracy),
        (losses.NegativeLogLikelihood(), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_suits_the_loss(loss, expected):
    for name in ("accuracy", "acc", "Accuracy"):
        metric = metrics.get(name, loss=loss, output_shape=(None, 5), y_shape=(None, 5))
        assert type(metric) is expected
        assert metric.name == name.lower()


@pytest.mark.parametrize(
    ("output_shape", "y_shape", "accuracy", "crossentropy"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy, metrics.BinaryCrossentropy),
        ((None, 1), (None,), metrics.BinaryAccuracy, metrics.BinaryCrossentropy),
        ((None, 5), (None, 5), metrics.CategoricalAccuracy, metrics.CategoricalCrossentropy),
        ((None, 5), (None,), metrics.SparseCategoricalAccuracy, metrics.SparseCategoricalCrossentropy),
        ((None, 5), (None, 1), metrics.SparseCategoricalAccuracy, metrics.SparseCategoricalCrossentropy),
        ((None, 7, 5), (None, 7), metrics.SparseCategoricalAccuracy, metrics.SparseCategoricalCrossentropy),
    ],
)
def test_where_the_loss_does_not_say_the_shapes_do(output_shape, y_shape, accuracy, crossentropy):
    assert type(metrics.resolve_accuracy("mse", output_shape, y_shape)) is accuracy
    assert type(metrics.resolve_crossentropy(None, output_shape, y_shape)) is crossentropy


def test_accuracy_before_the_sigmoid_has_its_threshold_at_0():
    accuracy = metrics.get("accuracy", loss=losses.BinaryCrossentropy(from_logits=True))
    assert accuracy([[1.0], [0.0]], [[0.2], [-0.3]]).item() == 1.0
    crossentropy = metrics.get("crossentropy", loss=losses.BinaryCrossentropy(from_logits=True))
    assert crossentropy([[1.0]], [[0.0]]).item() == pytest.approx(np.log(2))


def test_accuracy_of_the_margin_takes_both_kinds_of_labels():
    for labels in ([[-1.0], [1.0], [1.0]], [[0.0], [1.0], [1.0]]):
        accuracy = metrics.get("accuracy", loss="hinge")
        assert accuracy(labels, [[-2.0], [0.5], [-0.5]]).item() == pytest.approx(2 / 3)


def test_accuracy_without_loss_and_shapes_asks_for_them():
    with pytest.raises(UsageError, match=r"which accuracy is meant.*metrics=\['categorical_accuracy'\]"):
        metrics.get("accuracy")
    assert metrics.get("categorical_accuracy").name == "categorical_accuracy"


# Mistakes.


def test_a_row_beside_a_column_is_refused():
    for metric in (metrics.BinaryAccuracy(), metrics.MeanSquaredError(), metrics.R2Score(), metrics.Precision()):
        with pytest.raises(ShapeError, match=r"pente\.reshape\(y_true, \(2, 1\)\)"):
            metric.update_state([1.0, 0.0], [[0.9], [0.2]])
        metric.update_state(pente.reshape([1.0, 0.0], (2, 1)), [[0.9], [0.2]])


def test_labels_and_one_hot_targets_are_told_apart():
    with pytest.raises(UsageError, match=r"sparse_categorical_accuracy\(y_true, y_pred\)"):
        metrics.CategoricalAccuracy().update_state([0, 1, 0, 0], P)
    assert metrics.get("sparse_categorical_accuracy")([0, 1, 0, 0], P).item() == 0.75
    with pytest.raises(UsageError, match=r"use categorical_accuracy\(y_true, y_pred\)"):
        metrics.SparseCategoricalAccuracy().update_state(Y, P)
    assert metrics.get("categorical_accuracy")(Y, P).item() == 0.75


@pytest.mark.parametrize(
    ("metric", "fixed"),
    [
        (metrics.Precision(), metrics.Precision(thresholds=0.0)),
        (metrics.Recall(), metrics.Recall(thresholds=0.0)),
        (metrics.AUC(), metrics.AUC(from_logits=True)),
    ],
)
def test_logits_for_a_metric_of_probabilities(metric, fixed):
    y, z = [1.0, 0.0, 1.0], [2.0, -3.0, 1.0]
    with pytest.raises(UsageError, match=r"thresholds=0\.0|from_logits=True"):
        metric.update_state(y, z)
    assert fixed(y, z).item() == pytest.approx(1.0)


def test_labels_of_minus_1_for_a_metric_of_yes_and_no():
    y = np.array([-1.0, 1.0])
    with pytest.raises(DataError, match=r"\(y_true \+ 1\) / 2"):
        metrics.BinaryAccuracy().update_state(y, [0.2, 0.9])
    assert metrics.BinaryAccuracy()((y + 1) / 2, [0.2, 0.9]).item() == 1.0


def test_one_unit_for_the_f1_of_classes():
    with pytest.raises(UsageError, match=r"F1Score\(threshold=0.5\)"):
        metrics.F1Score().update_state([[1.0]], [[0.9]])
    assert metrics.F1Score(threshold=0.5)([[1.0]], [[0.9]]).tolist() == [1.0]
    with pytest.raises(ShapeError, match=r"shape \(samples, classes\)"):
        metrics.F1Score().update_state([1.0], [0.9])


@pytest.mark.parametrize(
    ("make", "known"),
    [
        (lambda: metrics.AUC(curve="roc"), "ROC"),
        (lambda: metrics.F1Score(average="mean"), "macro"),
        (lambda: metrics.R2Score("uniform"), "uniform_average"),
    ],
)
def test_settings_that_are_not_known(make, known):
    with pytest.raises(UnknownNameError, match=known):
        make()


def test_a_curve_of_one_point():
    with pytest.raises(UsageError, match="2 to 1,000,000 thresholds"):
        metrics.AUC(num_thresholds=1)


def test_a_metric_of_ones_own_needs_two_methods():
    metric = metrics.Metric()
    with pytest.raises(NotImplementedError, match="update_state"):
        metric.update_state(Y, P)
    with pytest.raises(NotImplementedError, match="result"):
        metric.result()
    assert metrics.Metric().name == "metric"


def test_a_total_may_start_at_1():
    class Product(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.product = self.add_variable(initializer="ones", name="product")

        def update_state(self, values):
            self.product.assign(self.product.read() * pente.prod(values))

        def result(self):
            return self.product.read()

    metric = Product()
    assert metric([2.0, 3.0]).item() == 6.0
    metric.reset_state()
    assert metric([2.0]).item() == 2.0
