"""Cross-entropy and nll: what they return, and against the formula."""

import numpy as np
import pytest
import reference
from conftest import same_bits

import smx

EVERYTHING = ("loss", "losses", "lse", "target_log_prob", "argmax", "correct", "count", "weight", "dx")


@pytest.fixture
def problem(rng):
    x = rng.standard_normal((6, 5))
    return x, np.array([0, 4, -100, 2, 2, 1])


def test_loss_and_gradient(problem):
    x, labels = problem
    log_p = reference.log_softmax(x)
    kept = labels >= 0
    losses = np.where(kept, -log_p[np.arange(6), labels % 5], 0)
    np.testing.assert_allclose(smx.cross_entropy(x, labels), losses.sum() / 5)
    np.testing.assert_allclose(smx.cross_entropy(x, labels, reduction="sum"), losses.sum())
    np.testing.assert_allclose(smx.cross_entropy(x, labels, reduction="none"), losses)
    dx = (np.exp(log_p) - np.eye(5)[labels % 5]) * kept[:, None] / 5
    np.testing.assert_allclose(smx.cross_entropy_backward(x, labels), dx)
    np.testing.assert_allclose(smx.cross_entropy_backward(x, labels, dloss=3.0), 3 * dx)
    single = x.astype(np.float32)  # a number does not make it f64 arithmetic
    assert same_bits(
        smx.cross_entropy_backward(single, labels, dloss=3.0),
        smx.cross_entropy_backward(single, labels, dloss=np.float32(3)),
    )
    each = np.arange(6.0)
    np.testing.assert_allclose(
        smx.cross_entropy_backward(x, labels, reduction="none", dloss=each), 5 * dx * each[:, None]
    )


def test_returns(problem):
    x, labels = problem
    got = dict(zip(EVERYTHING, smx.cross_entropy(x, labels, returns=EVERYTHING), strict=True))
    assert got["count"] == 5 and got["weight"] == 5 and got["correct"].dtype == bool
    assert (got["argmax"] == x.argmax(1)).all() and (got["correct"] == (x.argmax(1) == labels)).all()
    np.testing.assert_allclose(got["lse"], reference.logsumexp(x))
    assert same_bits(got["dx"], smx.cross_entropy_backward(x, labels))
    assert same_bits(got["losses"], smx.cross_entropy(x, labels, reduction="none"))
    (alone,) = smx.cross_entropy(x, labels, returns=["lse"])
    assert same_bits(alone, smx.cross_entropy(x, labels, returns="lse")) and same_bits(alone, got["lse"])


def test_out(problem):
    x, labels = problem
    room = np.empty(6, np.float32)
    assert smx.cross_entropy(x, labels, reduction="none", out=room) is room
    loss, dx = smx.cross_entropy(x, labels, returns=("loss", "dx"), out=(None, x))
    assert dx is x and loss.shape == ()


def test_dense_targets(problem, rng):
    x, _ = problem
    targets = reference.softmax(rng.standard_normal((6, 5)))
    loss, dtargets = smx.cross_entropy(x, targets=targets, returns=("loss", "dtargets"))
    np.testing.assert_allclose(loss, -(targets * reference.log_softmax(x)).sum() / 6)
    np.testing.assert_allclose(dtargets, -reference.log_softmax(x) / 6)
    hard = np.eye(5)[[1, 2, 3, 4, 0, 1]]
    np.testing.assert_allclose(smx.cross_entropy(x, targets=hard), smx.cross_entropy(x, hard.argmax(1)))


def test_settings(problem):
    x, labels = problem
    log_p, kept, weights = reference.log_softmax(x), labels >= 0, np.array([1.0, 2, 0.5, 3, 1])
    chosen = np.where(kept, weights[labels % 5], 0)
    smooth = 0.9 * chosen * -log_p[np.arange(6), labels % 5] + 0.1 / 5 * kept * -(weights * log_p).sum(1)
    got = smx.cross_entropy(x, labels, class_weights=weights, smoothing=0.1)
    np.testing.assert_allclose(got, smooth.sum() / chosen.sum())
    z = smx.cross_entropy(x, labels, z_loss=0.01, reduction="sum") - smx.cross_entropy(x, labels, reduction="sum")
    np.testing.assert_allclose(z, 0.01 * (reference.logsumexp(x)[kept] ** 2).sum())
    np.testing.assert_allclose(smx.cross_entropy(x, labels, softcap=3.0), smx.cross_entropy(3 * np.tanh(x / 3), labels))
    byte = np.where(kept, labels, 255).astype(np.uint8)
    assert same_bits(smx.cross_entropy(x, byte, ignore_index=255), smx.cross_entropy(x, labels))
    ignored = np.full(6, -100)
    assert np.isnan(smx.cross_entropy(x, ignored)) and smx.cross_entropy(x, ignored, empty_mean="zero") == 0


def test_class_axis(problem):
    x, labels = problem
    assert same_bits(smx.cross_entropy(x.T.copy(), labels, 0), smx.cross_entropy(x, labels))
    images = np.moveaxis(x.reshape(2, 3, 5), -1, 1)
    assert same_bits(smx.cross_entropy(images, labels.reshape(2, 3), axis=1), smx.cross_entropy(x, labels))


def test_nll(problem):
    x, labels = problem
    log_p = smx.log_softmax(x)
    np.testing.assert_allclose(smx.nll(log_p, labels), smx.cross_entropy(x, labels))
    dx = smx.nll_backward(log_p, labels)
    np.testing.assert_allclose(dx, -np.eye(5)[labels % 5] * (labels >= 0)[:, None] / 5)
