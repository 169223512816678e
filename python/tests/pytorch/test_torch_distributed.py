"""Ranks have the bits of one process: 1 to 4 of them, uneven shards, some of them empty."""

import pytest
from torch_common import pytestmark, seed  # noqa: F401

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402

import smx.torch as F  # noqa: E402

RANKS = 4
CUTS = {1: [13], 2: [4, 9], 3: [0, 12, 1], 4: [5, 0, 1, 7]}
LOSSES = {
    "labels": {},
    "options": {"label_smoothing": 0.1, "z_loss": 1e-3, "softcap": 5.0, "scale": 0.5, "weight": torch.arange(13) / 7},
    "sum": {"reduction": "sum"},
    "none": {"reduction": "none"},
}


def _problem(dtype, dense):
    generator = torch.Generator().manual_seed(14)
    logits = (torch.randn(13, 13, generator=generator) * 5).to(dtype)
    labels = torch.randint(13, (13,), generator=generator)
    labels[3] = -100
    target = torch.rand(13, 13, generator=generator).to(dtype) if dense else labels
    return logits, target


def _loss_and_gradient(function, logits, target, **options):
    logits = logits.clone().requires_grad_()
    if options.get("weight") is not None:
        options["weight"] = options["weight"].to(logits.dtype)
    loss = function(logits, target, **options)
    (gradient,) = torch.autograd.grad((loss * torch.arange(1, loss.numel() + 1).reshape(loss.shape)).sum(), logits)
    return loss.detach(), gradient


def _check(rank, group, ranks):
    cuts = CUTS[ranks]
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        for name, options in LOSSES.items():
            for dense in (False, True):
                logits, target = _problem(dtype, dense)
                loss, gradient = _loss_and_gradient(F.cross_entropy, logits, target, **options)
                mine = logits.split(cuts, 1)[rank]
                part = target.split(cuts, 1)[rank] if dense else target
                got = _loss_and_gradient(F.vocab_parallel_cross_entropy, mine, part, group=group, **options)
                assert torch.equal(got[0], loss), (name, dtype, dense, ranks, got[0], loss)
                assert torch.equal(got[1], gradient.split(cuts, 1)[rank]), (name, dtype, dense, ranks)
                got = _loss_and_gradient(
                    F.data_parallel_cross_entropy,
                    logits.split(cuts)[rank],
                    target.split(cuts)[rank],
                    group=group,
                    **options,
                )
                if name != "none":
                    assert torch.equal(got[0], loss), (name, dtype, dense, ranks)
                    assert torch.equal(got[1], gradient.split(cuts)[rank]), (name, dtype, dense, ranks)
    values = torch.randn(13, 2, 3, generator=torch.Generator().manual_seed(1)) * 1e6
    whole, shared = F.ExactSum((2, 3)), F.ExactSum((2, 3))
    whole.add(values)
    shared.add(values.split(cuts)[rank])
    shared.all_reduce(group)
    assert torch.equal(whole.value(), shared.value())
    torch.testing.assert_close(whole.value(torch.float64), values.double().sum(0), rtol=1e-12, atol=1e-6)


def _rank(rank, path):
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=RANKS)
    torch.set_num_threads(1)
    for ranks in CUTS:
        group = dist.new_group(list(range(ranks)))
        if rank < ranks:
            _check(rank, group, ranks)
    # Two ranks for the classes, two for the batch.
    vocabulary = [dist.new_group([0, 1]), dist.new_group([2, 3])][rank // 2]
    batches = [dist.new_group([0, 2]), dist.new_group([1, 3])]
    logits, target = _problem(torch.float32, dense=False)
    loss, gradient = _loss_and_gradient(F.cross_entropy, logits, target, z_loss=1e-3)
    rows, classes = CUTS[2], [6, 7]
    share = lambda whole: whole.split(rows)[rank // 2].split(classes, 1)[rank % 2]
    got = _loss_and_gradient(
        F.vocab_parallel_cross_entropy,
        share(logits),
        target.split(rows)[rank // 2],
        group=vocabulary,
        batch_group=batches[rank % 2],
        z_loss=1e-3,
    )
    assert torch.equal(got[0], loss) and torch.equal(got[1], share(gradient))
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available() or not dist.is_gloo_available(), reason="PyTorch was built without gloo")
def test_ranks(tmp_path):
    torch.multiprocessing.spawn(_rank, args=(tmp_path / "ranks",), nprocs=RANKS)


def test_exact_sums_of_one_process():
    total = F.ExactSum(())
    total.add(torch.tensor([1e30, 1.0, -1e30], dtype=torch.float64))
    total.add(torch.tensor(2.0, dtype=torch.float16))
    assert total.value() == 3 and total.value(torch.float64).dtype == torch.float64
    total.add(torch.tensor(torch.inf))
    assert total.value() == torch.inf
    with pytest.raises(ValueError, match=r"ExactSum: values is \(3,\)"):
        F.ExactSum((2,)).add(torch.zeros(3))
    empty = F.ExactSum((0,))
    empty.add(torch.zeros(5, 0))
    assert empty.value().shape == (0,)


def test_the_extension_s_steps_refuse_what_does_not_fit():
    from smx import _core

    x, maxima = torch.zeros(3, 4).numpy(), torch.zeros(3, 15, dtype=torch.int64).numpy()
    with pytest.raises(ValueError, match="maxima has not 48 elements"):
        _core._part("1", x, maxima=maxima, sums=maxima, row_n=4, first=0)
    with pytest.raises(ValueError, match="x is no matrix"):
        _core._part("1", x[0], maxima=maxima, row_n=4, first=0)
    with pytest.raises(ValueError, match="part"):
        _core._part(
            "1",
            x,
            maxima=torch.zeros(3, 16, dtype=torch.int64).numpy(),
            sums=torch.zeros(3, 12, dtype=torch.int64).numpy(),
            row_n=3,
            first=0,
        )
    with pytest.raises((BufferError, ValueError)):
        _core._part("1", x[:, ::2], maxima=maxima, row_n=4, first=0)
    with pytest.raises(ValueError, match="as many values as sums"):
        _core._exact_sum_value(torch.zeros(2, 71, dtype=torch.int64).numpy(), torch.zeros(3).numpy())
