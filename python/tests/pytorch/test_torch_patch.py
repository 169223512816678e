"""patch(): somebody else's script, which knows nothing of this package."""

import sys
import threading

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")

import torch.nn.functional as functional  # noqa: E402
from torch import nn  # noqa: E402

import smx.torch  # noqa: E402


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.first(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights = functional.softmax(scores.masked_fill(future, float("-inf")), dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.second(x))


class Transformer(nn.Module):
    def __init__(self, words=17, width=16, heads=2):
        super().__init__()
        self.embedding, self.head = nn.Embedding(words, width), nn.Linear(width, words)
        self.blocks = nn.Sequential(Block(width, heads), Block(width, heads))

    def forward(self, words):
        return self.head(self.blocks(self.embedding(words)))


def train(steps=12):
    """A script: counts upwards modulo 17, from anywhere."""
    torch.manual_seed(0)
    model, criterion = Transformer(), nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        words = (torch.randint(17, (8, 1)) + torch.arange(11)) % 17
        loss = criterion(model(words[:, :-1]).flatten(0, 1), words[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_script_trains_without_a_change():
    theirs = train()
    with smx.torch.patch():
        ours = train()
        again = train()
    assert ours == again
    assert ours[-1] < ours[0] / 2
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert ours != theirs, "the functions were not replaced"
    assert train() == theirs


def test_what_is_replaced():
    x, labels = torch.randn(3, 5), torch.tensor([0, 1, 2])
    softmax, loss = functional.softmax, functional.cross_entropy
    with smx.torch.patch():
        assert functional.softmax is not softmax
        expected = smx.torch.softmax(x, -1)
        for result in (functional.softmax(x, -1), torch.softmax(x, -1), x.softmax(-1), torch.special.softmax(x, -1)):
            assert torch.equal(result, expected)
        assert torch.equal(nn.Softmax(-1)(x), expected)
        assert torch.equal(x.softmax(dim=-1, dtype=torch.float64), smx.torch.softmax(x, -1, dtype=torch.float64))
        expected = smx.torch.log_softmax(x, 1)
        for result in (nn.LogSoftmax(1)(x), torch.log_softmax(x, 1), x.log_softmax(1), functional.log_softmax(x, 1)):
            assert torch.equal(result, expected)
        expected = smx.torch.logsumexp(x, (0, 1), True)
        for result in (torch.logsumexp(x, (0, 1), True), x.logsumexp((0, 1), keepdim=True)):
            assert torch.equal(result, expected)
        assert torch.equal(functional.softmin(x, 0), smx.torch.softmin(x, 0))
        assert torch.equal(nn.CrossEntropyLoss()(x, labels), smx.torch.cross_entropy(x, labels))
        assert torch.equal(nn.NLLLoss()(x, labels), smx.torch.nll_loss(x, labels))
    assert functional.softmax is softmax and functional.cross_entropy is loss
    assert "softmax" not in torch.Tensor.__dict__


def test_what_is_not_ours_goes_to_pytorch():
    with smx.torch.patch():
        assert functional.softmax(torch.empty(2, 3, device="meta"), -1).device.type == "meta"
        z = torch.randn(3, dtype=torch.complex64)
        assert torch.logsumexp(z, 0).is_complex()
        assert functional.softmax(torch.arange(3), 0, dtype=torch.float64).dtype == torch.float64
        out = torch.empty(3)
        assert torch.softmax(torch.randn(3), 0, out=out) is out
        nested = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])
        assert torch.equal(torch.softmax(nested, 1).to_padded_tensor(0)[0], torch.tensor([0.5, 0.5, 0]))
        negated = torch.tensor([1 + 2j, 3 - 1j]).conj().imag
        assert torch.equal(torch.softmax(negated, 0), smx.softmax(negated.resolve_neg()))
        attention = nn.MultiheadAttention(8, 2)
        assert torch.isfinite(attention(*[torch.randn(4, 1, 8)] * 3)[1]).all()


def test_patches_in_patches():
    softmax = functional.softmax
    outer = smx.torch.patch()
    inner = smx.torch.patch()
    outer.undo()
    assert functional.softmax is not softmax
    outer.undo()
    assert functional.softmax is not softmax
    inner.undo()
    assert functional.softmax is softmax


def test_compiled_under_a_patch():
    x = torch.randn(4, 6, requires_grad=True)
    with smx.torch.patch():
        compiled = torch.compile(
            lambda x: functional.softmax(x, -1).square().sum(), backend="aot_eager", fullgraph=True
        )
        expected = functional.softmax(x, -1).square().sum()
        assert torch.equal(compiled(x), expected)
        torch.testing.assert_close(*(torch.autograd.grad(y, x)[0] for y in (compiled(x), expected)))
    torch._dynamo.reset()


def test_patches_of_several_threads():
    """Each sees the patch while it has one; PyTorch's own are back when the last is gone."""
    places = [(functional, "softmax"), (torch, "softmax"), (torch.Tensor, "logsumexp")]
    before = [getattr(*place) for place in places]
    failures, interval = [], sys.getswitchinterval()

    def run():
        for _ in range(300):
            with smx.torch.patch():
                if any(getattr(*place) is theirs for place, theirs in zip(places, before, strict=True)):
                    failures.append("not replaced")

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures
    assert [getattr(*place) for place in places] == before
