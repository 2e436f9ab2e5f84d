"""A gradient that does not exist is never None in silence: the reason is told, and the line."""

import inspect
import re
import weakref

import numpy as np
import pytest

import pente
from pente.errors import GradientError


def _line(offset: int = 0) -> int:
    frame = inspect.currentframe()
    return frame.f_back.f_lineno + offset if frame is not None and frame.f_back is not None else 0


def _leaf(*values: float) -> pente.Tensor:
    return pente.tensor(np.array(values), requires_grad=True, name="x")


def _reason(loss: pente.Tensor, handle: pente.Tensor | pente.Variable) -> str:
    """What is said when the gradient is asked for, while the loss is still held."""
    loss.backward()
    with pytest.raises(GradientError) as raised:
        handle.grad  # noqa: B018
    return str(raised.value)


def test_a_tensor_that_the_loss_does_not_depend_on() -> None:
    x, other = _leaf(1.0), _leaf(2.0)
    assert re.search(r"'x'.*does not depend on it", _reason((other * other).sum(), x))


def test_a_tensor_of_whole_numbers() -> None:
    count = pente.tensor([1, 2])
    assert re.search("int64", _reason((_leaf(1.0) * count).sum(), count))


def test_a_constant() -> None:
    constant = pente.tensor(np.array([2.0]))
    assert re.search(r"it is a constant.*requires_grad=True", _reason((_leaf(1.0) * constant).sum(), constant))


def test_a_tensor_that_went_through_numpy_is_told_with_the_line() -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    array = x.numpy()
    left = _line(-1)
    assert re.search(rf"NumPy or Python at test_missing\.py, line {left}\.", _reason((w * array).sum(), x))


@pytest.mark.parametrize("leave", [float, lambda x: x.item(), lambda x: x.tolist(), np.asarray, bool])
def test_every_way_out_of_the_graph_is_noticed(leave: object) -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    number = leave(x)  # type: ignore[operator]
    assert re.search(r"NumPy or Python at test_missing\.py", _reason((w * number).sum(), x))


def test_a_path_that_was_stopped_is_told_with_the_operation_and_the_line() -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    rounded = x.round()
    stopped = _line(-1)
    assert re.search(rf"rint at test_missing\.py, line {stopped} \(rint is flat", _reason((w * rounded).sum(), x))


@pytest.mark.parametrize(
    "stop",
    [lambda x: x.detach(), pente.stop_gradient, pente.sign, pente.floor, lambda x: pente.floor_divide(x, 2.0)],
)
def test_every_operation_without_a_gradient_tells_why(stop: object) -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    loss = (w * stop(x)).sum()  # type: ignore[operator]
    assert re.search(r"The path may end at .* test_missing\.py, line \d+ \(", _reason(loss, x))


def test_the_result_of_a_stop_says_so_itself() -> None:
    x = _leaf(1.0)
    held = x.detach()
    assert re.search("it is the result of stop_gradient at test_missing", _reason((x * held).sum(), held))


def test_the_backward_that_left_nothing_is_named_with_its_line() -> None:
    x, other = _leaf(1.0), _leaf(2.0)
    loss = (other * other).sum()
    loss.backward()
    ran = _line(-1)
    with pytest.raises(GradientError, match=rf"from the backward\(\) at test_missing\.py, line {ran}"):
        x.grad  # noqa: B018


def test_a_tensor_made_after_the_backward_has_none_yet() -> None:
    _leaf(1.0).sum().backward()
    assert _leaf(1.0).grad is None


def test_a_variable_that_is_frozen_is_told_to_be_so() -> None:
    v = pente.Variable([1.0], name="layer/kernel", trainable=False)
    assert re.search(r"'layer/kernel'.*not trainable", _reason((_leaf(1.0) * v).sum(), v))


def test_a_variable_that_changed_since_it_was_read_is_refused_by_every_way_back() -> None:
    v = pente.Variable([2.0], name="w")
    loss = (v * v).sum()
    v.assign([3.0])
    with pytest.raises(GradientError, match="variable w was assigned after it was used"):
        loss.backward()
    with pente.GradientTape() as tape:
        loss = (v * v).sum()
    v.assign_add([1.0])
    with pytest.raises(GradientError, match="assigned after"):
        tape.gradient(loss, v)

    def changes() -> pente.Tensor:
        y = (v * v).sum()
        v.assign([5.0])
        return y

    with pytest.raises(GradientError, match="assigned after"):
        pente.grad(changes, wrt=v)()


def test_a_variable_that_changed_before_it_was_read_is_fine() -> None:
    v = pente.Variable([2.0])
    v.assign([3.0])
    (v * v).sum().backward()
    assert v.grad.tolist() == [6.0]


def test_a_tape_tells_the_same_reasons() -> None:
    x, w = pente.tensor(np.array([1.0]), name="x"), _leaf(3.0)
    with pente.GradientTape(persistent=True) as tape:
        y = (w * 2.0).sum()
        z = (w * x.numpy()).sum()
    with pytest.raises(GradientError, match=r"was not watched.*tape\.watch"):
        tape.gradient(y, x)
    watched = _leaf(1.0)
    with pytest.raises(GradientError, match="does not depend on it"):
        tape.gradient(z, watched)
    assert tape.gradient(y, x, unconnected_gradients="zero").tolist() == [0.0]
    assert tape.gradient(y, x, unconnected_gradients="none") is None


def test_grad_with_respect_to_a_variable_that_is_not_used_raises_and_names_it() -> None:
    v = pente.Variable([2.0], name="unused")
    with pytest.raises(GradientError, match="unused has no gradient"):
        pente.grad(lambda: _leaf(1.0).sum(), wrt=v)()


def test_a_function_that_leaves_the_graph_is_told_so() -> None:
    with pytest.raises(GradientError, match="returned float and not a tensor"):
        pente.grad(lambda x: float(x))(1.0)
    with pytest.raises(GradientError, match="returned ndarray"):
        pente.grad(lambda x: x.numpy())(1.0)


def test_a_gradient_of_whole_numbers_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(GradientError, match=r"int64.*astype"):
        pente.grad(lambda x: x * 2.0)(3)
    with pytest.raises(TypeError, match="int64"):
        pente.tensor([1, 2], requires_grad=True)


def _stopped_and_on(x: pente.Tensor) -> tuple[pente.Tensor, int]:
    held = x.detach()
    line = _line(-1)
    return ((held * 2.0 + 1.0).exp() / held).reshape((-1,)), line


def test_a_stop_is_told_when_other_operations_follow_it() -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    far, line = _stopped_and_on(x)
    assert re.search(rf"may end at stop_gradient at test_missing\.py, line {line} \(", _reason((w * far).sum(), x))
    assert re.search(rf"computed from the result of stop_gradient at test_missing\.py, line {line}", _reason(w, far))


def test_a_stop_is_told_when_the_loss_is_gone() -> None:
    x, w = _leaf(1.0), _leaf(3.0)
    far, line = _stopped_and_on(x)
    (w * far).sum().backward()
    with pytest.raises(GradientError, match=rf"stop_gradient at test_missing\.py, line {line}"):
        x.grad  # noqa: B018


def test_a_stop_is_told_by_transforms_and_tapes_too() -> None:
    v, w = pente.Variable(2.0, name="v"), pente.Variable(3.0, name="w")
    with pytest.raises(GradientError, match=r"v has no gradient.*rint at test_missing"):
        pente.grad(lambda: w * (v.round() + 1.0), wrt=[v, w])()
    with pente.GradientTape() as tape:
        loss = w * (v.round() + 1.0)
    with pytest.raises(GradientError, match=r"v.* has no gradient.*rint at test_missing"):
        tape.gradient(loss, v)


def test_what_follows_a_stop_keeps_places_and_no_graph() -> None:
    x = _leaf(1.0)
    watched = weakref.ref(x.node)
    y = x.detach()
    for _ in range(50):
        y = y * 1.5 + x.round() + pente.sign(x) + x.detach()
    assert len(y.node.cuts) == 3
    assert y.node.inputs == ()
    del x
    assert watched() is None


def test_without_a_stop_a_constant_keeps_nothing() -> None:
    x = _leaf(1.0)
    with pente.no_grad():
        assert (x.detach() * 2.0).node is None
    constant = pente.ones(1)
    _ = x * constant
    assert (constant * 2.0).node is None
