"""Logistic regression on the digits in NumPy, to the bits of `smx demo`: its weights have the demo's hash.

Softmax and its backward pass are ours. The sums around them are added up in one order, in doubles, where a product of
two floats is exact; so each step has one result. cli/demo_train.c does the same in C, and says why.

    python logistic.py [FOLDER] [--picture FILE]    FOLDER: where digits-images.npy and digits-labels.npy are (data/)
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

import smx

CLASSES, EPOCHS, TEST_EVERY = 10, 200, 5
RATE, MOMENTUM, DECAY = (float(np.float32(value)) for value in (1, 0.9, 1e-4))


def digits(folder):
    """Images with a constant 1 behind the pixels, in doubles, and labels: for training, for testing."""
    images, labels = (np.load(Path(folder, f"digits-{name}.npy")) for name in ("images", "labels"))
    images = np.column_stack([images / np.float32(16), np.ones(len(images), np.float32)]).astype(np.float64)
    test = np.arange(len(images)) % TEST_EVERY == 0
    return (images[~test], labels[~test].astype(int)), (images[test], labels[test].astype(int))


def predict(weights, images):
    logits = np.tile(weights[-1], (len(images), 1)).astype(np.float64)
    for pixel, weight in zip(images.T[:-1], weights.astype(np.float64)):
        logits += pixel[:, None] * weight
    return smx.softmax(logits.astype(np.float32))


def gradient(images, labels, y):
    """Of the mean cross-entropy, from the probabilities y: that of the logits, and of it that of the weights."""
    label = np.arange(len(labels)), labels
    dy = np.zeros_like(y)
    dy[label] = np.float32(-1) / (np.float32(len(labels)) * np.maximum(y[label], np.float32(2**-100)))
    dx = smx.softmax_backward(y, dy).astype(np.float64)
    total = np.zeros((images.shape[1], CLASSES))
    for product in images[:, :, None] * dx[:, None, :]:  # sample by sample: np.sum's order is NumPy's to choose
        total += product
    return total


def train(images, labels):
    weights = np.zeros((images.shape[1], CLASSES), np.float32)
    velocity = np.zeros_like(weights)
    decay = np.full((len(weights), 1), DECAY)
    decay[-1] = 0
    for _ in range(EPOCHS):
        slope = gradient(images, labels, predict(weights, images)) + decay * weights
        velocity = (slope + MOMENTUM * velocity.astype(np.float64)).astype(np.float32)
        weights = (weights - RATE * velocity.astype(np.float64)).astype(np.float32)
    return weights


def draw(weights, file):
    from matplotlib.figure import Figure

    figure = Figure((9, 4.1), layout="constrained")
    axes, limit = figure.subplots(2, 5), np.abs(weights[:-1]).max()
    for digit, ax in enumerate(axes.flat):
        image = ax.imshow(weights[:-1, digit].reshape(8, 8), "RdBu", vmin=-limit, vmax=limit)
        ax.set_title(f"{digit}", fontsize=11)
        ax.set_axis_off()
    figure.colorbar(image, ax=axes, shrink=0.8, label="weight of a pixel")
    figure.suptitle("What speaks for a digit (blue) and against it (red)", fontsize=12)
    figure.savefig(file, dpi=110)


def main(folder, picture=None):
    training, (images, labels) = digits(folder)
    weights = train(*training)
    right = (predict(weights, images).argmax(1) == labels).mean()
    digest = hashlib.sha256(weights.astype("<f4").tobytes()).hexdigest()
    print(f"test accuracy: {right:.1%}\nweights SHA-256: {digest}")
    if picture:
        draw(weights, picture)
    return digest, right


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=Path(__file__).parents[2] / "data")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
