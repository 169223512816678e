"""Signatures and behaviour of torch.nn.functional, the keywords that it lacks, modules, and errors."""

import inspect

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")

import torch.nn.functional as theirs  # noqa: E402

import smx  # noqa: E402
import smx.torch as F  # noqa: E402

NAMES = ["softmax", "log_softmax", "softmin", "cross_entropy", "nll_loss"]


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    ours = list(inspect.signature(getattr(F, name)).parameters.values())
    for mine, other in zip(ours, inspect.signature(getattr(theirs, name)).parameters.values()):
        assert (mine.name, mine.default, mine.kind) == (other.name, other.default, other.kind)
    assert getattr(F, name).__doc__


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_bits_are_the_library_s(dtype):
    x = torch.randn(5, 7, 3).to(dtype)
    for dim in (0, 1, -1):
        assert torch.equal(F.softmax(x, dim), smx.softmax(x, dim))
        assert torch.equal(F.log_softmax(x, dim), smx.log_softmax(x, dim))
        assert torch.equal(F.softmin(x, dim), smx.softmax(x, dim, scale=-1))
        assert torch.equal(F.logsumexp(x, dim), smx.logsumexp(x, dim))
    assert torch.equal(F.logsumexp(x, (0, 2), keepdim=True), smx.logsumexp(x, (0, 2), keepdims=True))
    labels = torch.randint(7, (5, 3))
    assert torch.equal(F.cross_entropy(x, labels), smx.cross_entropy(x, labels, 1))
    assert torch.equal(F.nll_loss(x, labels), smx.nll(x, labels, 1))
    assert torch.equal(F.softmax(x, 1, dtype=torch.float32), smx.softmax(x, 1, out=torch.empty(x.shape)))


def test_threads_batch_and_layout_change_no_bit():
    x, labels = torch.randn(64, 1000), torch.randint(1000, (64,))
    whole = F.softmax(x, -1)
    assert torch.equal(whole, torch.cat([F.softmax(part, -1) for part in x.split([1, 2, 30, 31])]))
    assert torch.equal(whole, F.softmax(x.t().contiguous().t(), -1))
    assert torch.equal(whole, F.softmax(x.t(), 0).t())
    losses = F.cross_entropy(x, labels, reduction="none")
    assert torch.equal(losses[5:6], F.cross_entropy(x[5:6], labels[5:6], reduction="none"))
    order = torch.randperm(64)
    assert torch.equal(F.cross_entropy(x, labels), F.cross_entropy(x[order], labels[order]))


def test_options():
    x, keep = torch.randn(2, 3, 4, 6), torch.rand(2, 1, 4, 6) > 0.3
    bias, sinks, scale = torch.randn(6), torch.randn(3, 1), torch.rand(2, 3, 4) + 1
    lengths, slopes = torch.tensor([[[4]], [[0]]]), torch.rand(3, 1)
    for ours, core in (
        ({"mask": keep}, {"mask": keep}),
        ({"temperature": 3.0}, {"temperature": 3.0}),
        ({"temperature": scale}, {"temperature": scale}),
        ({"temperature": scale}, {"scale": 1 / scale}),
        ({"scale": scale, "bias": bias}, {"scale": scale, "bias": bias}),
        ({"causal": True}, {"causal": "top-left"}),
        ({"causal": "bottom-right", "query_dim": 1}, {"causal": "bottom-right", "query_axis": 1}),
        ({"window": (1, None), "lengths": lengths}, {"window": (1, None), "lengths": lengths}),
        ({"softcap": 3.0, "sinks": sinks}, {"softcap": 3.0, "sinks": sinks}),
        ({"slopes": slopes, "causal": False}, {"slopes": slopes}),
        ({"plus_inf": "limit", "minus_inf_row": "zeros"}, {"plus_inf": "limit", "minus_inf_row": "zeros"}),
    ):
        expected = smx.softmax(x, **core)
        assert torch.equal(F.softmax(x, -1, **ours), expected)
        assert torch.equal(F.softmax(x.clone().requires_grad_(), -1, **ours), expected)
    labels = torch.tensor([[1, 2, -100], [0, 5, 3]])
    x = torch.randn(2, 6, 3)
    assert torch.equal(
        F.cross_entropy(x, labels, z_loss=0.01, softcap=5.0), smx.cross_entropy(x, labels, 1, z_loss=0.01, softcap=5.0)
    )


def test_like_torch():
    x, labels = torch.randn(4, 5, requires_grad=True), torch.tensor([0, 4, -100, 2])
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        torch.testing.assert_close(F.softmax(x), theirs.softmax(x, 1))
    ints = torch.arange(4)
    torch.testing.assert_close(F.softmax(ints, 0, dtype=torch.float32), theirs.softmax(ints, 0, dtype=torch.float32))
    torch.testing.assert_close(F.logsumexp(ints, 0), torch.logsumexp(ints, 0))
    with pytest.warns(UserWarning):
        torch.testing.assert_close(
            F.cross_entropy(x, labels, size_average=False), theirs.cross_entropy(x, labels, reduction="sum")
        )
    assert F.cross_entropy(x, torch.full((4,), -100)).isnan()
    weight, soft = torch.rand(5), torch.rand(4, 5)
    for reduction in ("mean", "sum", "none"):
        given = {"weight": weight, "reduction": reduction}
        mine, other = (f(x, labels, label_smoothing=0.2, **given) for f in (F.cross_entropy, theirs.cross_entropy))
        torch.testing.assert_close(mine, other)
        torch.testing.assert_close(F.cross_entropy(x, soft, **given), theirs.cross_entropy(x, soft, **given))
        torch.testing.assert_close(F.nll_loss(x, labels, **given), theirs.nll_loss(x, labels, **given))


def test_losses_of_weights_that_are_learnt():
    x, labels = torch.randn(3, 4), torch.tensor([0, 3, 3])
    weight = torch.rand(4, requires_grad=True)
    (grad,) = torch.autograd.grad(F.cross_entropy(x, labels, weight, reduction="sum"), weight)
    losses = smx.cross_entropy(x, labels, reduction="none")
    torch.testing.assert_close(grad, torch.stack([losses[0], losses[1] * 0, losses[1] * 0, losses[1] + losses[2]]))


def test_modules():
    x, labels = torch.randn(4, 5), torch.tensor([0, 4, -100, 2])
    assert torch.equal(F.Softmax(dim=1)(x), F.softmax(x, 1))
    assert torch.equal(F.LogSoftmax(1, temperature=2.0)(x), F.log_softmax(x, 1, temperature=2.0))
    loss = F.CrossEntropyLoss(weight=torch.rand(5), label_smoothing=0.1, z_loss=0.01, softcap=10.0)
    expected = F.cross_entropy(x, labels, loss.weight, label_smoothing=0.1, z_loss=0.01, softcap=10.0)
    assert torch.equal(loss(x, labels), expected)
    assert "weight" in loss.state_dict() and isinstance(loss, torch.nn.CrossEntropyLoss)
    assert repr(F.Softmax(1, scale=2.0)) == "Softmax(dim=1, scale=2.0)"


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda x: F.softmax(x, 7), IndexError, "axis"),
        (lambda x: F.softmax(x.int(), 0), TypeError, "x has elements of int32"),
        (lambda x: F.softmax(x, 0, heat=1), TypeError, "softmax: there is no argument 'heat'"),
        (lambda x: F.softmax(x, 0, scale=1.0, temperature=1.0), ValueError, "give one of them"),
        (lambda x: F.softmax(x, 0, scale=0.0), ValueError, "scale"),
        (lambda x: F.softmax(x, 0, temperature=0), ValueError, "temperature is 0"),
        (lambda x: F.log_softmax(x, 0, sinks=torch.zeros(3)), TypeError, "sinks"),
        (lambda x: F.softmax(x, 0, mask=torch.ones(4, dtype=torch.bool)), ValueError, "mask"),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 9])), IndexError, "row 1"),
        (lambda x: F.cross_entropy(x, torch.tensor([0])), ValueError, "labels"),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=2.0), ValueError, "smoothing"),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1]), torch.ones(2)), ValueError, "class_weights"),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0, 1]), torch.ones(3).double()),
            TypeError,
            "weight is torch.float64",
        ),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1]), -torch.ones(3)), ValueError, "class_weights"),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1]), reduction="avg"), ValueError, "reduction"),
        (lambda x: F.cross_entropy(x[0, 0], torch.tensor(0)), ValueError, "input has no dimensions"),
    ],
)
def test_errors(call, error, words):
    for x in (torch.zeros(2, 3), torch.zeros(2, 3, requires_grad=True)):
        with pytest.raises(error, match=words):
            call(x)
