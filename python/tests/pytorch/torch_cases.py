"""The functions under test, each with a choice of arguments: shared by the tests of derivatives and of operators."""

import torch

import smx.torch as F

KEEP = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 1, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)
LABELS = torch.tensor([1, -100, 3])
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.0, 0.25], dtype=torch.float64)


def double(*shape):
    return torch.rand(*shape, dtype=torch.float64, requires_grad=True)


def _rows(name, function):
    yield f"{name}-last", lambda x: function(x, -1), lambda: [double(3, 5)]
    yield f"{name}-first", lambda x: function(x, 0), lambda: [double(3, 5)]
    yield f"{name}-middle", lambda x: function(x, 1), lambda: [double(2, 3, 2)]
    yield f"{name}-temperature", lambda x: function(x, -1, temperature=0.5), lambda: [double(3, 5)]
    yield f"{name}-softcap", lambda x: function(x, -1, softcap=2.0), lambda: [double(3, 5)]
    yield (
        f"{name}-options",
        lambda x, bias, scale: function(x, -1, bias=bias, scale=scale, softcap=3.0),
        lambda: [double(3, 5), double(5), double(3)],
    )
    yield (
        f"{name}-slopes",
        lambda x, slopes: function(x, -1, slopes=slopes, scale=0.5),
        lambda: [double(2, 3, 5), double(3)],
    )


def _masked(name, function):
    for mask, options in {
        "keep": {"mask": KEEP},
        "causal": {"causal": True, "scale": 0.7},
        "window": {"window": (1, None), "causal": "bottom-right"},
        "lengths": {"lengths": torch.tensor([1, 0, 4])},
    }.items():
        yield f"{name}-{mask}", lambda x, options=options: function(x, -1, **options), lambda: [double(3, 5)]


def _cross_entropy():
    for reduction in ("mean", "sum", "none"):
        for name, options in {
            "": {},
            "-options": {"label_smoothing": 0.1, "z_loss": 0.01, "softcap": 3.0, "scale": 0.5, "weight": WEIGHT},
            "-masked": {"mask": torch.tensor([True, True, False, True, True]), "label_smoothing": 0.1},
        }.items():
            given = {"reduction": reduction, **options}
            yield (
                f"cross_entropy-{reduction}{name}",
                lambda x, given=given: F.cross_entropy(x, LABELS, **given),
                lambda: [double(3, 5)],
            )
        yield (
            f"cross_entropy-{reduction}-dense",
            lambda x, p, reduction=reduction: F.cross_entropy(x, p, WEIGHT, reduction=reduction, label_smoothing=0.1),
            lambda: [double(3, 5), double(3, 5)],
        )
        yield (
            f"nll_loss-{reduction}",
            lambda x, reduction=reduction: F.nll_loss(x, LABELS, WEIGHT, reduction=reduction),
            lambda: [double(3, 5)],
        )
    yield "cross_entropy-pixels", lambda x: F.cross_entropy(x, LABELS.view(1, 3).clamp(0)), lambda: [double(1, 5, 3)]
    yield "cross_entropy-bias", lambda x, b: F.cross_entropy(x, LABELS, bias=b), lambda: [double(3, 5), double(5)]


CASES = [
    *_rows("softmax", F.softmax),
    *_masked("softmax", F.softmax),
    ("softmax-sinks", lambda x, s: F.softmax(x, -1, sinks=s, mask=KEEP), lambda: [double(3, 5), double(3)]),
    *_rows("softmin", F.softmin),
    *_rows("log_softmax", F.log_softmax),
    *_rows("logsumexp", F.logsumexp),
    *_masked("log_softmax", lambda x, dim, **options: F.log_softmax(x, dim, **options).exp()),
    *_masked("logsumexp", lambda x, dim, **options: F.logsumexp(x, dim, **options).exp()),
    ("logsumexp-all", lambda x: F.logsumexp(x, (0, 1), keepdim=True), lambda: [double(3, 5)]),
    ("logsumexp-sinks", lambda x, s: F.logsumexp(x, -1, sinks=s), lambda: [double(3, 5), double(3)]),
    *_cross_entropy(),
]
