"""A small network, trained on the digits, with one hash for any number of threads and any split of its batches.

Each step of it has one result: matrix products add up in a fixed order, entry by entry; cross-entropy is ours;
gradients of the weights are exact sums over samples (smx.torch.ExactSum). Beside it, the same with PyTorch's own
functions, whose weights depend on how a batch was split.

    python torch_network.py [FOLDER]    where digits-images.npy and digits-labels.npy are: data/ of the sources
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import torch

import smx.torch

WIDTH, BATCH, STEPS, RATE = 16, 120, 70, 0.3


def digits(folder):
    images, labels = (np.load(Path(folder, f"digits-{name}.npy")) for name in ("images", "labels"))
    return torch.from_numpy(images) / 16, torch.from_numpy(labels).long()


def start():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(*shape, generator=generator) / 8 for shape in ((64, WIDTH), (WIDTH, 10))]


def product(x, w):
    """x @ w, each entry's summands in order: multiplications and additions one by one round as IEEE 754 says."""
    total = torch.zeros(len(x), w.shape[1])
    for k in range(len(w)):
        total = total + x[:, k, None] * w[k]
    return total


def add_outer(total, x, d):
    """Adds the sum over samples of the outer products of x and d, which doubles hold exactly."""
    total.add(x.double()[:, :, None] * d.double()[:, None, :])


def exact_gradients(weights, x, labels, split):
    """Those of the mean loss of a batch that comes in pieces."""
    w1, w2 = weights
    totals = [smx.torch.ExactSum(w.shape) for w in weights]
    for piece, label in zip(x.split(split), labels.split(split)):
        hidden = product(piece, w1).relu()
        logits = product(hidden, w2).requires_grad_()
        (smx.torch.cross_entropy(logits, label, reduction="sum") / len(x)).backward()
        add_outer(totals[1], hidden, logits.grad)
        add_outer(totals[0], piece, product(logits.grad, w2.t()) * (hidden > 0))
    return [total.value() for total in totals]


def torch_gradients(weights, x, labels, split):
    weights = [w.clone().requires_grad_() for w in weights]
    for piece, label in zip(x.split(split), labels.split(split)):
        logits = (piece @ weights[0]).relu() @ weights[1]
        (torch.nn.functional.cross_entropy(logits, label, reduction="sum") / len(x)).backward()
    return [w.grad for w in weights]


def train(gradients, data, split, threads):
    """The hash of the weights, and how many digits of ten they get right."""
    torch.set_num_threads(threads)
    images, labels = data
    weights = start()
    for step in range(STEPS):
        batch = slice(step * BATCH % 1680, step * BATCH % 1680 + BATCH)
        made = gradients(weights, images[batch], labels[batch], split)
        weights = [w - RATE * g for w, g in zip(weights, made)]
    right = (product(product(images, weights[0]).relu(), weights[1]).argmax(1) == labels).double().mean()
    return hashlib.sha256(b"".join(w.numpy().tobytes() for w in weights)).hexdigest()[:16], right.item()


def main(folder):
    data, threads = digits(folder), torch.get_num_threads()
    found = {}
    for name, gradients in (("smx", exact_gradients), ("torch", torch_gradients)):
        for split, count in (([120], 1), ([120], 2), ([1, 50, 69], 1), ([40, 40, 40], 2)):
            found[name, str(split), count] = train(gradients, data, split, count)
    torch.set_num_threads(threads)
    for (name, split, count), (digest, right) in found.items():
        print(f"{name:6} split {split:13} threads {count}   weights {digest}   right {right:.1%}")
    for name in ("smx", "torch"):
        print(f"{name}: {len({digest for (who, *_), (digest, _) in found.items() if who == name})} different hashes")
    return found


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2] / "data")
