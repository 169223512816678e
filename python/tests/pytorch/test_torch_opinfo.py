"""PyTorch's own samples of these functions, values and gradients."""

import warnings

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # which the next line needs

import smx.torch as F  # noqa: E402

with warnings.catch_warnings(action="ignore"):  # of packages that it would like
    from torch.testing._internal.common_methods_invocations import op_db


def _of_torch(function):
    """torch.softmax has dtype third, torch.nn.functional.softmax fourth."""
    return lambda x, dim, dtype=None: function(x, dim, dtype=dtype)


OURS = {
    "softmax": _of_torch(F.softmax),
    "log_softmax": _of_torch(F.log_softmax),
    "logsumexp": F.logsumexp,
    "special.logsumexp": F.logsumexp,
    "nn.functional.softmin": F.softmin,
    "nn.functional.cross_entropy": F.cross_entropy,
    "nn.functional.nll_loss": F.nll_loss,
}
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INFOS = [
    (info, dtype)
    for info in op_db
    if info.name in OURS
    for dtype in [*FLOATS, torch.int64, torch.bool]
    if dtype in info.supported_dtypes("cpu")
]


def _up(value):
    """PyTorch's arithmetic on halves is coarser than their rounding: it gets doubles."""
    half = isinstance(value, torch.Tensor) and value.dtype in FLOATS[2:]
    return value.detach().double().requires_grad_(value.requires_grad) if half else value


def _assert_gradient(mine, other):
    if mine.dtype not in FLOATS[2:]:
        return torch.testing.assert_close(mine, other, equal_nan=True)
    # A gradient is made from the result, which was rounded to a half (PyTorch's own, too).
    largest = other.abs().nan_to_num().max().item() if other.numel() else 0
    atol = 4 * torch.finfo(mine.dtype).eps * max(largest, 1)
    return torch.testing.assert_close(mine, other.to(mine.dtype), equal_nan=True, atol=atol, rtol=0)


@pytest.mark.parametrize("info, dtype", INFOS, ids=[f"{i.name}-{i.variant_test_name}-{d}" for i, d in INFOS])
def test_samples(info, dtype):
    count = 0
    for sample in info.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point):
        count += 1
        keywords = dict(sample.kwargs)
        if keywords.get("weight") is not None:
            keywords["weight"] = keywords["weight"].abs()  # ours takes none below 0
        ours = OURS[info.name](sample.input, *sample.args, **keywords)
        up = _up(sample.input)
        theirs = info.op(up, *map(_up, sample.args), **{key: _up(value) for key, value in keywords.items()})
        torch.testing.assert_close(ours, theirs.to(ours.dtype), equal_nan=True)
        if not ours.requires_grad:
            continue
        grad = torch.randn_like(ours)
        (mine,) = torch.autograd.grad(ours, sample.input, grad)
        (other,) = torch.autograd.grad(theirs, up, grad.to(theirs.dtype))
        assert mine.dtype == sample.input.dtype
        _assert_gradient(mine, other)
    assert count > 0
