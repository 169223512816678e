"""Options of a call: what each is given, and its definition in float64. Each is measured beside the same call without
it, and beside PyTorch's way to the same result.

A new option is an entry in OPTIONS and its name in CHOSEN; what it sets has the name of its field in smx/tensor.h, and
is a line in `exact_logits` or `coefficients`, and in peers/pytorch_options.py.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np
from functions import FUNCTIONS, exact_logsumexp, exact_softmax, logits

IGNORED = -100
CROSS_ENTROPY = ("cross_entropy", "cross_entropy_gradient")


@dataclass(frozen=True)
class Given:
    """The arrays of a call, by name: x; labels, of cross-entropy; y and dy, of backward. And the fields of its options,
    of which `labels` stands for those of the call."""

    arrays: dict
    settings: dict

    @property
    def labels(self):
        return self.settings.get("labels", self.arrays.get("labels"))


@dataclass(frozen=True)
class Option:
    group: str  # which of GROUPS it belongs to
    settings: Callable  # (random, arrays) -> the fields


# What a call with the option may take at most, against the same call without.
GROUPS = {
    "scale": 1.1,
    "masks, lengths, causal, window, sink, ALiBi": 1.5,
    "softcap": 3,
    "smoothing, z-loss, class weights, ignored labels": 1.3,
    "dense targets": 2,
    "inner stride": 1,  # against a copy and then the call
}
SCALE, MASKS, SOFTCAP, LOSS, TARGETS, STRIDE = GROUPS


def lower_triangle(arrays):
    return np.tri(*arrays["x"].shape, dtype=bool)


def random_half(random, arrays):
    """With the label, where there is one: its loss would be infinite."""
    keep = random.random(arrays["x"].shape) < 0.5
    keep[:, 0] = True
    if "labels" in arrays:
        keep[np.arange(len(keep)), arrays["labels"]] = True
    return keep


def additive(keep):
    return np.where(keep, np.float32(0), np.float32(-np.inf))


def some_ignored(random, arrays):
    labels = arrays["labels"].copy()
    labels[random.random(len(labels)) < 0.2] = IGNORED
    return {"labels": labels, "use_ignore_index": 1, "ignore_index": IGNORED}


def every_second(_random, arrays):
    """The same numbers, in arrays of twice the width."""
    for name in ("x", "y", "dy"):
        if name in arrays:
            wide = np.zeros((len(arrays[name]), 2 * arrays[name].shape[1]), np.float32)
            wide[:, ::2] = arrays[name]
            arrays[name] = wide[:, ::2]
    return {}


def numbers(random, count, least, most):
    return random.uniform(least, most, count).astype(np.float32)


OPTIONS = {
    "scale": Option(SCALE, lambda _r, _a: {"use_scale_value": 1, "scale_value": 0.125}),
    "scale of each row": Option(SCALE, lambda r, a: {"scale": numbers(r, len(a["x"]), 0.1, 1)}),
    "additive, finite": Option(MASKS, lambda r, a: {"add": r.standard_normal(a["x"].shape, dtype=np.float32)}),
    "additive, lower triangle": Option(MASKS, lambda _r, a: {"add": additive(lower_triangle(a))}),
    "additive, random": Option(MASKS, lambda r, a: {"add": additive(random_half(r, a))}),
    "boolean, lower triangle": Option(MASKS, lambda _r, a: {"keep": lower_triangle(a)}),
    "boolean, random": Option(MASKS, lambda r, a: {"keep": random_half(r, a)}),
    "lengths": Option(MASKS, lambda r, a: {"lengths": r.integers(1, a["x"].shape[1] + 1, len(a["x"]))}),
    "causal": Option(MASKS, lambda _r, _a: {"causal": 1}),
    "window": Option(MASKS, lambda _r, _a: {"use_window": 1, "window_left": 256, "window_right": 256}),
    "sink": Option(MASKS, lambda r, a: {"sink": numbers(r, len(a["x"]), -3, 3)}),
    "ALiBi": Option(MASKS, lambda _r, _a: {"alibi": np.array([2.0**-6], np.float32)}),
    "softcap": Option(SOFTCAP, lambda _r, _a: {"softcap": 30.0}),
    "smoothing": Option(LOSS, lambda _r, _a: {"smoothing": 0.1}),
    "z-loss": Option(LOSS, lambda _r, _a: {"z_loss": 1e-4}),
    "class weights": Option(LOSS, lambda r, a: {"class_weights": numbers(r, a["x"].shape[1], 0.5, 1.5)}),
    "ignored labels": Option(LOSS, some_ignored),
    "dense targets": Option(TARGETS, lambda r, a: {"targets": exact_softmax(*logits(r, a["x"].shape))}),
    "inner stride": Option(STRIDE, every_second),
}

# By function: its options; a ! makes one of the quick ones. Rows x n for each function.
OF_LOGITS = "scale! / scale of each row / boolean, random! / softcap! / inner stride"
OF_LOSS = f"smoothing! / z-loss! / class weights! / ignored labels! / dense targets! / {OF_LOGITS}"
CHOSEN = {
    "softmax": "! / ".join(name for name, option in OPTIONS.items() if option.group not in (LOSS, TARGETS)) + "!",
    "softmax_backward": """scale! / additive, lower triangle / boolean, lower triangle! / boolean, random! / lengths /
        causal! / window / inner stride!""",
    "log_softmax": f"{OF_LOGITS} / causal",
    "logsumexp": f"{OF_LOGITS} / causal",
    "cross_entropy": OF_LOSS.replace("!", ""),
    "cross_entropy_gradient": OF_LOSS,
}
SHAPES = {function: (1024, 1000 if function in CROSS_ENTROPY else 1024) for function in CHOSEN}


def chosen():
    """(function, option, shape, whether it is quick), of each case."""
    for function, text in CHOSEN.items():
        for word in text.split("/"):
            name = " ".join(word.split())
            yield function, name.rstrip("!"), SHAPES[function], name.endswith("!")


def kept(settings, shape):
    """Which entries the masks keep, but for additive ones."""
    past = np.arange(shape[0])[:, None] - np.arange(shape[1])  # how far an entry lies behind its query
    keep = settings.get("keep", np.ones(shape, bool))
    if "lengths" in settings:
        keep = keep & (np.arange(shape[1]) < settings["lengths"][:, None])
    if "causal" in settings:
        keep = keep & (past >= 0)
    if "use_window" in settings:
        keep = keep & (past <= settings["window_left"]) & (past >= -settings["window_right"])
    return keep


def alibi_bias(settings, shape):
    return -settings["alibi"] * np.abs(np.arange(shape[0])[:, None] - np.arange(shape[1]))


def capped(settings, x):
    """The logits before masks, and their slope."""
    scale = settings.get("scale_value", settings.get("scale", np.ones(1))[:, None])
    if "softcap" not in settings:
        return scale * x, scale
    tanh = np.tanh(scale * x / settings["softcap"])
    return settings["softcap"] * tanh, scale * (1 - tanh**2)


def exact_logits(settings, x):
    z, _ = capped(settings, x)
    z = z + settings.get("add", 0)
    if "alibi" in settings:
        z = z + alibi_bias(settings, x.shape)
    return np.where(kept(settings, x.shape), z, -np.inf)


def coefficients(settings, labels, shape):
    """Of the negative logarithm of each probability, in the loss."""
    smoothing = settings.get("smoothing", 0)
    if "targets" in settings:
        target = settings["targets"].astype(np.float64)
    else:
        target = (labels[:, None] == np.arange(shape[1])).astype(np.float64)
    weighed = ((1 - smoothing) * target + smoothing / shape[1]) * settings.get("class_weights", 1)
    return np.where((labels == IGNORED)[:, None], 0, weighed)


def exact_loss(given, x, gradient):
    settings = given.settings
    z = exact_logits(settings, x)
    lse = exact_logsumexp(z)
    weights = coefficients(settings, given.labels, x.shape)
    z_loss = settings.get("z_loss", 0)
    if not gradient:
        log_p = np.where(weights == 0, 0, z - lse)
        return (-weights * log_p).sum(axis=1, keepdims=True) + z_loss * lse**2
    _, slope = capped(settings, x)
    return slope * ((weights.sum(axis=1, keepdims=True) + 2 * z_loss * lse) * np.exp(z - lse) - weights)


def exact(function, given):
    """The result, and what its error is measured by."""
    x = given.arrays["x"].astype(np.float64)
    definition = FUNCTIONS[function]
    if function in CROSS_ENTROPY:
        result = exact_loss(given, x, function == "cross_entropy_gradient")
        return result, definition.scale(result, x)
    if function == "softmax_backward":
        y, dy = (given.arrays[name].astype(np.float64) for name in ("y", "dy"))
        factor = given.settings.get("scale_value", 1)
        return factor * definition.exact(y, dy), definition.scale(None, y, dy)
    z = exact_logits(given.settings, x)
    if "sink" in given.settings:
        z = np.concatenate([z, given.settings["sink"][:, None]], axis=1)
    result = definition.exact(z)[:, : x.shape[1]]
    return result, definition.scale(result, x)


def inputs(function, option, shape):
    """The arrays and the settings of a case, the same for every contender."""
    random = np.random.default_rng(1)
    (x,) = logits(random, shape)
    arrays = {"x": x}
    if function in CROSS_ENTROPY:
        arrays["labels"] = random.integers(0, shape[1], shape[0])
    if function == "softmax_backward":
        arrays |= {"y": x.copy(), "dy": random.standard_normal(shape, dtype=np.float32)}
    settings = OPTIONS[option].settings(random, arrays)
    if function == "softmax_backward":
        arrays["y"][:] = exact_softmax(exact_logits(settings, x.astype(np.float64)))
    return Given(arrays, settings)
