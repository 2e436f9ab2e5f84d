"""Tensor and Variable: what may be done with them, and what a habit from elsewhere is answered."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.errors import DataError, DTypeError, ShapeError, TraceError, UsageError


def _x() -> pente.Tensor:
    return pente.tensor([[1.0, 2.0], [3.0, 4.0]], name="x")


def test_a_tensor_is_immutable_and_shows_how_to_write_to_a_copy() -> None:
    x = _x()
    with pytest.raises(UsageError, match=r"x = x\.at\[index\]\.set\(value\)"):
        x[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0, 0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0, 0] = 5.0
    y = x
    y += 1.0
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert y.tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_tensor_copies_its_data_and_asarray_may_share_it() -> None:
    array = np.zeros(3, np.float32)
    copied, shared = pente.tensor(array), pente.asarray(array)
    array[0] = 9.0
    assert copied.tolist() == [0.0, 0.0, 0.0]
    assert shared.tolist() == [9.0, 0.0, 0.0]
    assert pente.asarray(array, copy=True).numpy() is not array


def test_a_result_never_shares_memory_that_its_user_can_write_to() -> None:
    array = np.arange(6.0)
    x = pente.tensor(array)
    for view in (x.reshape(2, 3), x[1:4], pente.flip(x), pente.broadcast_to(x, (2, 6)), x.sum(keepdims=True)):
        with pytest.raises(ValueError, match="read-only"):
            view.numpy()[...] = 0.0


def test_an_array_made_of_a_tensor_is_the_users_own() -> None:
    x = _x()
    own = np.array(x)
    own[0, 0] = 9.0
    assert x.tolist()[0][0] == 1.0
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="without a copy"):
        np.array(x, dtype=np.float64, copy=False)


def test_dlpack_goes_both_ways_without_a_copy() -> None:
    x = pente.tensor(np.arange(4.0))
    assert torch.from_dlpack(x).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.from_dlpack(x).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert pente.asarray(torch.arange(3.0)).tolist() == [0.0, 1.0, 2.0]


def test_numbers_of_shape_and_dtype() -> None:
    x = pente.zeros((2, 3), dtype="float64")
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, len(x)) == ((2, 3), np.float64, 2, 6, 48, 2)


def test_one_number_is_a_python_number() -> None:
    x = pente.tensor([[2.5]])
    assert (x.item(), float(x), int(x), complex(x), bool(x)) == (2.5, 2.5, 2, 2.5 + 0j, True)
    assert f"{x:.1f}" == "2.5"
    assert [10, 20, 30][pente.tensor(1)] == 20
    assert list(range(pente.tensor(2))) == [0, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.item(), ShapeError, "one element"),
        (float, ShapeError, "one element"),
        (bool, ShapeError, r"\.any\(\) or"),
        (lambda x: [1, 2][x[0, 0]], DTypeError, r"int\(x\)"),
        (lambda x: len(x[0, 0]), ShapeError, "no length"),
        (lambda x: f"{x:.2f}", ShapeError, "one element"),
    ],
)
def test_several_numbers_are_no_python_number(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(_x())


def test_a_tensor_shows_its_numbers_shape_dtype_name_and_gradient() -> None:
    x = pente.tensor([1.0, 2.0], requires_grad=True, name="x")
    assert repr(x) == "Tensor([1., 2.], shape=(2,), dtype=float32, name='x', grad=None)"
    x.sum().backward()
    assert "grad=[1., 1.]" in repr(x)
    assert repr(pente.tensor(3)) == "Tensor(3, shape=(), dtype=int64)"
    assert len(repr(pente.zeros((100, 100)))) < 500
    assert repr(pente.Variable([1.0], name="w")) == "Variable([1.], shape=(1,), dtype=float32, name='w', grad=None)"


def test_a_tensor_is_hashed_by_identity_and_compared_by_elements() -> None:
    x, y = _x(), _x()
    assert len({x, y, x}) == 2
    assert (x == y).all()


HABITS: dict[str, tuple[Any, str]] = {
    "cuda": (lambda x: x.cuda(), "leave the call out"),
    "cpu": (lambda x: x.cpu(), "leave the call out"),
    "to": (lambda x: x.to("cuda"), "astype"),
    "view": (lambda x: x.view(-1), "reshape"),
    "size": (lambda x: x.dim(), "ndim"),
    "unsqueeze": (lambda x: x.unsqueeze(0), "expand_dims"),
    "permute": (lambda x: x.permute(1, 0), "transpose"),
    "requires_grad_": (lambda x: x.requires_grad_(), "requires_grad=True"),
    "add_": (lambda x: x.add_(1), r"x = x \+ y"),
    "zero_": (lambda x: x.zero_(), "zeros_like"),
}


@pytest.mark.parametrize("name", HABITS)
def test_a_method_from_elsewhere_is_answered_with_the_line_that_works(name: str) -> None:
    call, message = HABITS[name]
    with pytest.raises(AttributeError, match=message):
        call(_x())


@pytest.mark.parametrize("word", ["dim", "keepdim", "axes", "inplace", "out", "foo"])
def test_a_keyword_from_elsewhere_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=word):
        _x().sum(**{word: 1})


@pytest.mark.parametrize("function", [np.sin, np.exp, np.sqrt, np.isnan])
def test_a_function_of_numpy_would_lose_the_gradient_and_says_so(function: Any) -> None:
    with pytest.raises(UsageError, match=rf"pente\.{function.__name__}\(x\)"):
        function(_x())
    with pytest.raises(UsageError, match=r"np\.add\.reduce\(x\.numpy\(\)\)"):
        np.add.reduce(_x())


ON_THE_LEFT: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "%": lambda a, b: a % b,
    "//": lambda a, b: a // b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "@": lambda a, b: a @ b,
}


@pytest.mark.parametrize("sign", ON_THE_LEFT)
@pytest.mark.parametrize("left", [np.full((2, 2), 2.0), np.full((2, 2), 2.0, np.float32), np.float64(2.0)])
def test_an_array_on_the_left_of_a_tensor_gives_a_tensor(sign: str, left: Any) -> None:
    if sign == "@" and not np.ndim(left):
        return
    f, x = ON_THE_LEFT[sign], pente.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    found = f(left, x)
    assert isinstance(found, pente.Tensor)
    np.testing.assert_allclose(found.numpy(), f(np.asarray(left), x.numpy()), rtol=1e-6)
    assert found.requires_grad == (sign in ("+", "-", "*", "/", "**", "%", "@"))


@pytest.mark.parametrize("data", [[[1, 2], [3]], [[1.0], 2.0], [np.ones(2), np.ones(3)]])
def test_ragged_lists_raise_and_say_so(data: Any) -> None:
    with pytest.raises(DataError, match="ragged"):
        pente.tensor(data)


def test_a_list_of_tensors_is_answered_with_stack() -> None:
    with pytest.raises(UsageError, match=r"pente\.stack"):
        pente.tensor([_x(), _x()])


def test_a_name_is_given_once_and_kept() -> None:
    assert _x().name == "x"
    y = (_x() * 2.0).named("y")
    assert y.name == "y"
    assert (y + 1.0).name is None


def test_detach_gives_the_same_numbers_as_a_constant() -> None:
    x = pente.tensor([1.0], requires_grad=True)
    y = (x * 2.0).detach()
    assert y.tolist() == [2.0]
    assert not y.requires_grad


def test_a_leaf_made_of_a_tensor_does_not_lead_back() -> None:
    x = pente.tensor([1.0], requires_grad=True)
    y = pente.tensor(x * 2.0, requires_grad=True)
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0]
    pente.core.state.state.backward = None
    assert x.grad is None


def test_a_variable_is_assigned_and_counts_its_versions() -> None:
    v = pente.Variable([1.0, 2.0], name="w")
    assert v.version == 0
    v.assign([3.0, 4.0])
    v.assign_add([1.0, 1.0])
    v.assign_sub(pente.tensor([0.5, 0.5]))
    assert v.numpy().tolist() == [3.5, 4.5]
    assert v.version == 3
    v.assign(v * 2.0)
    assert v.numpy().tolist() == [7.0, 9.0]


def test_a_variable_keeps_its_shape_and_dtype() -> None:
    v = pente.Variable([1.0, 2.0], name="w")
    v.assign(np.array([1.0, 2.0]))
    assert v.dtype == np.float32
    with pytest.raises(ShapeError, match=r"variable w has shape \(2,\).*\(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    count = pente.Variable(0)
    count.assign_add(1)
    assert (count.dtype, count.numpy()) == (np.int64, 1)


def test_a_variables_numbers_are_its_own() -> None:
    array = np.ones(2, np.float32)
    v = pente.Variable(array)
    array[0] = 5.0
    assert v.numpy().tolist() == [1.0, 1.0]
    out = v.numpy()
    out[0] = 7.0
    assert v.numpy().tolist() == [1.0, 1.0]
    given = np.zeros(2, np.float32)
    v.assign(given)
    given[0] = 3.0
    assert v.numpy().tolist() == [0.0, 0.0]


def test_what_was_read_before_an_assign_keeps_the_old_numbers() -> None:
    v = pente.Variable([1.0])
    before = v.read()
    v.assign([2.0])
    assert (before.item(), v.read().item()) == (1.0, 2.0)


def test_a_variable_is_trainable_where_it_can_be() -> None:
    assert pente.Variable([1.0]).trainable
    assert not pente.Variable([1]).trainable
    v = pente.Variable([1.0], trainable=False)
    assert not (v * 2.0).requires_grad
    v.trainable = True
    assert (v * 2.0).requires_grad
    assert v.requires_grad


def test_a_variable_does_all_that_a_tensor_does() -> None:
    v = pente.Variable([[1.0, 2.0], [3.0, 4.0]])
    assert (v + 1.0).tolist() == (1.0 + v).tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert (v @ v).shape == v.shape == (2, 2)
    assert v.sum().item() == 10.0
    assert v[0].tolist() == [1.0, 2.0]
    assert (np.ones((2, 2)) * v).sum().item() == 10.0
    assert v.T.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    with pytest.raises(UsageError):
        v[0] = 1.0


def test_a_variables_gradient_is_added_to_and_may_be_cleared() -> None:
    v = pente.Variable([1.0, 2.0])
    (v * v).sum().backward()
    (v * v).sum().backward()
    assert v.grad.tolist() == [4.0, 8.0]
    v.grad = None
    assert v.grad is None


def test_a_variable_reads_the_same_leaf_until_it_is_assigned() -> None:
    v = pente.Variable([1.0])
    assert v.read() is v.read()
    held = v.read()
    v.assign([2.0])
    assert v.read() is not held


def test_a_traced_tensor_teaches_when_python_asks_for_its_value() -> None:
    asks = [
        bool,
        float,
        int,
        lambda x: x.item(),
        lambda x: x.numpy(),
        np.asarray,
        lambda x: x.tolist(),
        "{:.1f}".format,
    ]
    for ask in asks:
        with pytest.raises(TraceError, match=r"has no value yet.*pente\.where or pente\.cond.*pente\.scan"):
            pente.vmap(lambda x, ask=ask: ask(x))(np.ones(3))


def test_a_traced_tensor_shows_that_it_is_one() -> None:
    seen = []
    pente.vmap(lambda x: seen.append(repr(x)) or x)(np.ones((3, 2)))
    assert seen == ["Tensor(traced, shape=(2,), dtype=float64)"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_variable_is_a_cell_of_its_own(copied: Any) -> None:
    v = pente.Variable([1.0, 2.0], name="w")
    (v * v).sum().backward()
    twin = copied(v)
    assert (twin.name, twin.trainable, twin.grad.tolist()) == ("w", True, [2.0, 4.0])
    (twin * 3.0).sum().backward()
    assert (twin.grad.tolist(), v.grad.tolist()) == ([5.0, 7.0], [2.0, 4.0])
    twin.assign([5.0, 6.0])
    assert v.numpy().tolist() == [1.0, 2.0]
    v.trainable = False
    assert twin.trainable
    assert not copied(v).trainable
    assert not np.shares_memory(v.array, copied(v).array)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_leaf_gathers_its_own_gradient(copied: Any) -> None:
    x = pente.tensor([1.0, 2.0], requires_grad=True, name="x")
    twin = copied(x)
    (twin * 2.0).sum().backward()
    assert (twin.name, twin.grad.tolist()) == ("x", [2.0, 2.0])
    assert x._grad is None
    inner, constant = x * 2.0, pente.ones(2)
    assert copied(inner) is inner
    assert copied(constant) is constant


def test_a_deep_copy_of_a_layer_is_trained_alone() -> None:
    layer = pente.layers.Dense(1)
    layer(pente.ones((1, 2)))
    twin = copy.deepcopy(layer)
    before = layer.kernel.numpy()
    twin(pente.ones((1, 2))).sum().backward()
    pente.optimizers.SGD(0.1).step(twin)
    assert (twin.kernel.numpy() != before).all()
    assert (layer.kernel.numpy() == before).all()


@pytest.mark.parametrize("kept", [pente.ones(2), pente.Variable([1.0]), {"w": [pente.Variable([1.0])]}])
def test_a_pickle_is_refused_with_what_to_keep_instead(kept: Any) -> None:
    with pytest.raises(UsageError, match=r"not pickled.*x\.numpy\(\).*model\.state_dict\(\)"):
        pickle.dumps(kept)


@pytest.mark.parametrize("number", [1.7, 2.0, [1.5], np.float32(1.5), pente.tensor(1.5), 1j])
def test_a_variable_of_whole_numbers_refuses_what_it_would_cut(number: Any) -> None:
    v = pente.Variable(1 if np.ndim(number) == 0 else [1], name="count")
    with pytest.raises(DTypeError, match=r"count is int64, and would lose .*x\.astype\('int64'\)"):
        v.assign(number)
    with pytest.raises(DTypeError, match="count is int64"):
        v.assign_add(number)
    assert v.numpy().sum() == 1


def test_a_variable_takes_kinds_that_fit_into_its_own() -> None:
    v = pente.Variable([1.0], name="w")
    for value in (2, [2], True, np.float64(2.0), np.array([2], np.int8), pente.tensor([2])):
        v.assign(np.reshape(value, (1,)) if np.ndim(value) == 0 else value)
        assert v.dtype == np.float32
    with pytest.raises(DTypeError, match="complex"):
        v.assign([1j])
    with pytest.raises(DTypeError, match="does not fit into uint8"):
        pente.Variable(1, dtype="uint8").assign(300)


def test_an_assign_of_a_fraction_is_refused_in_a_program_too() -> None:
    v = pente.Variable(1, name="count")

    def step(c: Any, x: Any) -> Any:
        v.assign(x)
        return c, c

    with pytest.raises(DTypeError, match="count is int64"):
        pente.scan(step, 0.0, pente.ones(3))
    assert v.numpy() == 1


@pytest.mark.parametrize("data", [[[1, 2], [3]], [[[1], [2, 3]], [[1], [2]]]])
def test_a_variable_of_ragged_lists_is_refused_as_a_tensor_is(data: Any) -> None:
    for make in (pente.tensor, pente.Variable, pente.Variable([1.0]).assign):
        with pytest.raises(DataError, match="the nested list is ragged"):
            make(data)


def test_a_gradient_that_is_set_is_a_tensor_of_the_same_shape() -> None:
    x = pente.tensor([1.0, 2.0], requires_grad=True)
    for wrong in (3, [1.0, 2.0], np.ones(2)):
        with pytest.raises(UsageError, match=r"a gradient is a tensor of shape \(2,\).*x\.grad = pente\.tensor"):
            x.grad = wrong
    with pytest.raises(ShapeError, match=r"shape \(3,\) does not fit a tensor of shape \(2,\)"):
        x.grad = pente.ones(3)
    x.grad = pente.ones(2)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
