"""Gradients, forward mode, gradients of gradients, and all of these under vmap, against differences of the values."""

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")

import smx.torch as F  # noqa: E402
from torch_cases import CASES, double  # noqa: E402

from torch.autograd import gradcheck, gradgradcheck  # noqa: E402


@pytest.mark.parametrize("function, inputs", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_derivatives(function, inputs):
    given = inputs()
    checks = {"check_batched_grad": True, "fast_mode": False}
    assert gradcheck(function, given, check_forward_ad=True, check_batched_forward_grad=True, **checks)
    assert gradgradcheck(function, given, check_fwd_over_rev=True, check_rev_over_rev=True, **checks)


LABELS = torch.tensor([0, 3, -100])


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (lambda x: F.softmax(x, -1), lambda x: torch.softmax(x, -1)),
        (lambda x: F.softmax(x, -1, softcap=2), lambda x: torch.softmax(2 * torch.tanh(x / 2), -1)),
        (lambda x: F.log_softmax(x, -1), lambda x: torch.log_softmax(x, -1)),
        (lambda x: F.logsumexp(x, -1)[:, None], lambda x: torch.logsumexp(x, -1)[:, None]),
        (lambda x: F.cross_entropy(x, LABELS), lambda x: torch.nn.functional.cross_entropy(x, LABELS)),
        (lambda x: F.nll_loss(x**2, LABELS), lambda x: torch.nn.functional.nll_loss(x**2, LABELS)),
    ],
    ids=["softmax", "softcap", "log_softmax", "logsumexp", "cross_entropy", "nll_loss"],
)
def test_transforms_of_transforms(ours, theirs):
    """A level of torch.func above another must not lose the one below."""
    x, c = double(3, 4).detach(), double(3, 4).detach()
    mine, other = (lambda x, f=f: (f(x) ** 3 * c).sum() for f in (ours, theirs))
    for transform in (
        torch.func.hessian,
        lambda f: torch.func.jacrev(torch.func.jacrev(f)),
        lambda f: torch.func.jacfwd(torch.func.jacfwd(f)),
        lambda f: torch.func.vmap(torch.func.grad(lambda row: f(row.expand(3, 4)))),
        lambda f: torch.func.grad(lambda x: torch.func.hessian(f)(x).sum()),
    ):
        torch.testing.assert_close(transform(mine)(x), transform(other)(x))


def test_a_gradient_has_the_bits_of_the_library():
    import smx

    x = torch.randn(7, 33, requires_grad=True)
    dy = torch.randn(7, 33)
    y = F.softmax(x, -1, scale=0.5)
    (dx,) = torch.autograd.grad(y, x, dy)
    assert torch.equal(dx, smx.softmax_backward(y.detach(), dy, scale=0.5))
    y = F.log_softmax(x, -1)
    (dx,) = torch.autograd.grad(y, x, dy)
    assert torch.equal(dx, smx.log_softmax_backward(y.detach(), dy))
    labels = torch.arange(7)
    loss = F.cross_entropy(x, labels, z_loss=1e-3)
    (dx,) = torch.autograd.grad(loss, x, torch.tensor(0.3))
    assert torch.equal(dx, smx.cross_entropy_backward(x.detach(), labels, dloss=torch.tensor(0.3), z_loss=1e-3))
    y = F.softmax(x, -1, softcap=2.0)
    (dx,) = torch.autograd.grad(y, x, dy)
    dz = smx.softmax_backward(y.detach(), dy)
    assert torch.equal(dx, smx.softcap_backward(x.detach(), dz, softcap=2.0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("given", [{"reduction": "mean"}, {"reduction": "sum"}, {"scale": 0.5}])
def test_a_gradient_that_was_made_with_the_loss(dtype, given):
    """It is used once, and for a dloss of 1 alone."""
    import smx

    x, labels = torch.randn(9, 20).to(dtype).requires_grad_(), torch.arange(9)
    one, third = (
        smx.cross_entropy_backward(x.detach(), labels, dloss=torch.tensor(dloss, dtype=dtype), **given)
        for dloss in (1, 0.375)
    )
    loss = F.cross_entropy(x, labels, **given)
    loss.backward(retain_graph=True)
    assert torch.equal(x.grad, one)
    x.grad.mul_(0)
    loss.backward(retain_graph=True)
    assert torch.equal(x.grad, one)
    x.grad = None
    (0.375 * loss).backward(retain_graph=True)
    assert torch.equal(x.grad, third)
    (graph,) = torch.autograd.grad(loss, x, create_graph=True)
    assert torch.equal(graph, one) and graph.requires_grad
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.cross_entropy(x, labels, **given)
    (dx,) = torch.autograd.grad(loss, x)
    assert torch.equal(dx, one) and loss.dtype == (torch.float32 if dtype == torch.bfloat16 else dtype)


def test_a_gradient_does_not_depend_on_what_else_has_one():
    x, bias = torch.randn(4, 6, requires_grad=True), torch.randn(6)
    dy = torch.randn(4, 6)
    for function in (F.softmax, F.log_softmax):
        alone = torch.autograd.grad(function(x, -1, bias=bias), x, dy)[0]
        both = torch.autograd.grad(function(x, -1, bias=bias.clone().requires_grad_()), x, dy)[0]
        graph = torch.autograd.grad(function(x, -1, bias=bias), x, dy, create_graph=True)[0]
        assert torch.equal(alone, both) and torch.equal(alone, graph)


ORDERLESS = {
    "softmax": ("bias", "scale", "slopes", "sinks"),
    "log_softmax": ("bias", "scale", "slopes"),
    "logsumexp": ("bias", "scale"),
    "cross_entropy": ("bias", "scale"),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("name", "option"), [(name, option) for name in ORDERLESS for option in ORDERLESS[name]])
def test_gradients_of_options_do_not_depend_on_the_order_of_rows(name, option, dtype):
    """What was broadcast is summed without error: a sum of floats would have other bits in another order."""
    x, labels, weights = 3 * torch.randn(300, 4, 9), torch.randint(9, (300, 4)), torch.linspace(1, 3, 300)
    given = (0.5 + torch.rand({"bias": (9,), "slopes": (4,)}.get(option, ()))).to(dtype).requires_grad_()

    def gradient(rows):
        z = x[rows].to(dtype)
        if name == "cross_entropy":
            result = F.cross_entropy(z.flatten(0, 1), labels[rows].flatten(), reduction="none", **{option: given})
        else:
            result = getattr(F, name)(z, -1, **{option: given})
        result = result.reshape(300, -1)
        dy = torch.outer(weights[rows], torch.linspace(-1, 2, result.size(1)))
        return torch.autograd.grad(result, given, dy.to(result.dtype))[0]

    expected = gradient(torch.arange(300))
    assert expected.abs().max() > 0
    for _ in range(3):
        assert torch.equal(gradient(torch.randperm(300)), expected)


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax, F.cross_entropy])
def test_changes_in_place_are_noticed(function):
    """Of what the gradient is made from: the result, or x and labels; and of masks."""
    loss = function is F.cross_entropy
    for masked in (False, True):
        for k in range(2 + masked if loss else 1 + masked):
            x, labels = torch.randn(3, 4, requires_grad=True).clone(), torch.tensor([0, 1, 2])
            mask = torch.ones(4, dtype=torch.bool) if masked else None
            y = function(x, labels if loss else -1, mask=mask)
            changed = (x, labels, mask)[k] if loss else (y, mask)[k]
            with torch.no_grad():
                changed.zero_()
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                y.sum().backward()
