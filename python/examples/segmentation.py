"""Segmentation with label masks as they come in files: one byte for each pixel, 255 where nobody can say.

Logits are of shape (images, classes, height, width): the classes are axis 1, and labels of type u1 are taken as they
are. A classifier of pixels by their colours and those around learns from the pixels that have a label. It is the same
loss, to the bit, for logits that have their classes last in memory, and for pixels in any order.

    python segmentation.py [--picture FILE]
"""

import argparse

import numpy as np

import smx

IMAGES, SIDE, IGNORED = 3, 64, 255
NAMES = "background", "disc", "square", "stripe"
COLOURS = np.array([[0.35, 0.35, 0.3], [0.65, 0.4, 0.3], [0.35, 0.6, 0.4], [0.4, 0.4, 0.7]], np.float32)
STEPS, RATE = 200, 16.0


def scenes(rng):
    """Noisy images, and masks whose labels are missing along the outlines, as annotators leave them."""
    y, x = np.mgrid[:SIDE, :SIDE]
    classes = np.zeros((IMAGES, SIDE, SIDE), np.uint8)
    for labels in classes:
        (a, b), (c, d) = rng.integers(14, SIDE - 14, (2, 2))
        labels[abs(x + y - rng.integers(SIDE // 2, 3 * SIDE // 2)) < 6] = 3
        labels[(abs(x - c) < 10) & (abs(y - d) < 10)] = 2
        labels[(x - a) ** 2 + (y - b) ** 2 < 144] = 1
    outline = np.zeros(classes.shape, bool)
    for axis in (1, 2):
        edge = np.diff(classes, axis=axis) != 0
        for side in (slice(1, None), slice(None, -1)):
            outline[(slice(None), side, slice(None)) if axis == 1 else (slice(None), slice(None), side)] |= edge
    images = COLOURS[classes] + 0.15 * rng.standard_normal((*classes.shape, 3)).astype(np.float32)
    return images.clip(0, 1), classes, np.where(outline, np.uint8(IGNORED), classes)


def features(images):
    """(images, features, height, width): a 1, the colours, and their means over 5 x 5 pixels."""
    wide = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), "edge")
    near = np.lib.stride_tricks.sliding_window_view(wide, (5, 5), (1, 2)).mean((-2, -1))
    both = np.concatenate([np.ones_like(images[..., :1]), images, near], -1)
    return np.ascontiguousarray(both.transpose(0, 3, 1, 2))


def logits_of(weights, given):
    return np.einsum("cf,nfhw->nchw", weights, given)


def train(given, masks):
    weights, losses = np.zeros((len(NAMES), given.shape[1]), np.float32), []
    for _ in range(STEPS):
        logits = logits_of(weights, given)
        loss, dx = smx.cross_entropy(logits, masks, axis=1, ignore_index=IGNORED, returns=("loss", "dx"))
        weights -= np.float32(RATE) * np.einsum("nchw,nfhw->cf", dx, given)
        losses.append(loss)
    return weights, losses


def draw(images, masks, found, losses, file):
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    colours = "#9a9a8c", "#c0561a", "#3a8a4d", "#1f5fa8"
    figure = Figure((10, 7.9), layout="constrained")
    axes = figure.subplots(IMAGES, 4)
    masked = np.ma.masked_equal(masks, IGNORED)
    for k, row in enumerate(axes):
        row[0].imshow(images[k])
        for ax, labels in ((row[1], masked[k]), (row[2], found[k])):
            ax.set_facecolor("black")
            ax.imshow(labels, ListedColormap(colours), vmin=-0.5, vmax=3.5, interpolation="nearest")
        shown = row[3].imshow(np.ma.masked_where(masked.mask[k], losses[k]), "magma_r", vmin=0, vmax=losses.max())
        row[3].set_facecolor("#9fd0d8")
        for ax, title in zip(row, ("image", "label mask (black: 255)", "found", "loss (light blue: ignored)")):
            ax.set(xticks=[], yticks=[])
            if k == 0:
                ax.set_title(title, fontsize=11)
    figure.colorbar(shown, ax=axes, shrink=0.6, label="loss of a pixel (nats)")
    handles = [Patch(color=colour, label=name) for colour, name in zip(colours, NAMES)]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(file, dpi=110)


def main(picture=None):
    """The losses while it learned, the same loss in other layouts, the pixels' gradients and masks, and accuracy."""
    images, classes, masks = scenes(np.random.default_rng(3))
    given = features(images)
    weights, curve = train(given, masks)
    logits = logits_of(weights, given)

    wanted = "loss", "losses", "argmax", "count", "dx"
    loss, losses, found, count, dx = smx.cross_entropy(logits, masks, axis=1, ignore_index=IGNORED, returns=wanted)
    classes_last = np.ascontiguousarray(logits.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    order = np.random.default_rng(4).permutation(masks.size)
    pixels = logits.transpose(0, 2, 3, 1).reshape(-1, len(NAMES))[order]
    others = {
        "classes last in memory": smx.cross_entropy(classes_last, masks, axis=1, ignore_index=IGNORED),
        "pixels in another order": smx.cross_entropy(pixels, masks.reshape(-1)[order], ignore_index=IGNORED),
    }

    right = (found == classes)[masks != IGNORED].mean()
    print(f"loss {curve[0]:.4f} at first, {loss:.4f} at last, the mean of {count} pixels of {masks.size}")
    for name, other in others.items():
        print(f"{name}: {other:.9f}, {'the same' if other == loss else 'other'} bits")
    print(f"right {right:.1%} of the pixels with a label")
    if picture:
        draw(images, masks, found, losses, picture)
    return {"curve": [*curve, loss], "others": others, "masks": masks, "dx": dx, "count": count, "right": right}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
