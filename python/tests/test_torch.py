"""PyTorch's tensors in the functions of the package, without smx.torch: by DLPack's C exchange, or by __dlpack__."""

import numpy as np
import pytest
from conftest import same_bits

import smx

torch = pytest.importorskip("torch")

VALUES = [[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]


class NoExchange(torch.Tensor):
    """As tensors were before PyTorch had the C exchange."""

    __dlpack_c_exchange_api__ = None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("kind", [torch.Tensor, NoExchange])
def test_types(dtype, kind):
    x = torch.tensor(VALUES, dtype=getattr(torch, dtype)).as_subclass(kind)
    y = smx.softmax(x)
    assert isinstance(y, torch.Tensor) and y.dtype == x.dtype and y.shape == x.shape
    expected = smx.softmax(np.array(VALUES, np.float64 if dtype == "float64" else np.float32))
    assert torch.equal(y.as_subclass(torch.Tensor), torch.from_numpy(expected).to(x.dtype))


def test_layouts():
    x = torch.randn(4, 5, 6)
    expected = smx.softmax(x.numpy(), 1)
    for other in (x, x.transpose(0, 2).contiguous().transpose(0, 2), torch.stack([x, x], -1)[..., 0]):
        assert same_bits(smx.softmax(other, 1).numpy(), expected)
    assert same_bits(smx.softmax(x.numpy()), smx.softmax(x).numpy())


def test_results():
    x = torch.tensor(VALUES)
    assert smx.argmax(x).dtype == torch.int64 and smx.logsumexp(x).shape == (2,)
    loss, correct, dx = smx.cross_entropy(x, torch.tensor([2, -100]), returns=("loss", "correct", "dx"))
    assert loss.shape == () and correct.dtype == torch.bool and dx.shape == x.shape
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(x, torch.tensor([2, -100])))
    assert smx.softmax(x, out=x) is x
    assert smx.softmax(torch.zeros(0, 3)).shape == (0, 3) and smx.softmax(torch.tensor(2.0)) == 1


def test_options():
    x = torch.randn(2, 4, 4)
    masked = torch.softmax(x.masked_fill(~torch.ones(4, 4, dtype=torch.bool).tril(), -torch.inf), -1)
    torch.testing.assert_close(smx.softmax(x, mask=torch.ones(4, 4, dtype=torch.bool).tril()), masked)
    torch.testing.assert_close(smx.softmax(x, causal=True), masked)
    torch.testing.assert_close(smx.softmax(x, temperature=torch.tensor(2.0)), torch.softmax(x / 2, -1))


@pytest.mark.parametrize("kind", [torch.Tensor, NoExchange])
def test_errors(kind):
    with pytest.raises(TypeError, match="^smx.softmax: x requires grad"):
        smx.softmax(torch.zeros(3, requires_grad=True).as_subclass(kind))
    for tensor in (torch.zeros(3, device="meta").as_subclass(kind), torch.eye(3).to_sparse()):
        with pytest.raises(TypeError, match="^smx.softmax: x ") as raised:
            smx.softmax(tensor)
        assert "\n" not in str(raised.value)
    negated = torch.tensor([1 + 2j, 3 - 1j]).conj().imag
    with pytest.raises(TypeError, match="^smx.softmax: x is a view that is negated lazily"):
        smx.softmax(negated.as_subclass(kind))
    with pytest.raises(TypeError, match="x has elements of int64"):
        smx.softmax(torch.arange(3).as_subclass(kind))
    with pytest.raises(TypeError, match="x has elements of complex64"):
        smx.softmax(torch.zeros(3, dtype=torch.complex64).as_subclass(kind))
    with pytest.raises(IndexError, match="labels holds one that is no class, in row 1"):
        smx.cross_entropy(torch.zeros(2, 3), torch.tensor([1, 3]))


def test_no_grad():
    x = torch.zeros(3, requires_grad=True)
    with torch.no_grad():
        assert smx.softmax(2 * x).shape == (3,)
    assert smx.softmax(x.detach()).shape == (3,)
