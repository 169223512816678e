"""A particle filter whose evidence is the logsumexp of a million weights, nearly all of them equal.

Something moves along a ring of length 1, and a sensor at 0 says at each step whether it sees it; the sensor also fires
when it does not. Two models of the sensor, with different rates of such false alarms, are compared by their evidence:
the sum over the steps of logsumexp(log weights) - log(particles). Weights are floats, one column for each model. A
million particles away from the sensor have the same weight; added to one float, one after the other, each is rounded
the same way, so the errors add up instead of cancelling. An order of the particles has no meaning, but changes sums.

    python particle_filter.py [--picture FILE]    with SciPy, if it is there
"""

import argparse

import numpy as np

import smx

PARTICLES, STEPS = 1_000_000, 5
NEAR, SEES = 0.004, 0.9  # the sensor's reach, and how often it fires within
ALARMS = 0.21, 0.3  # how often it fires beyond, in each model


def log_weights(places, fires):
    """For each model a column: the logarithm of how likely it is, from each place, that the sensor fires or not."""
    near = np.minimum(places, 1 - places) < NEAR
    likely = np.where(near, SEES, np.array(ALARMS))
    return np.log(likely if fires else 1 - likely).astype(np.float32)


def step(places, weights, rng):
    """Systematic resampling of each column by its weights, then all move."""
    moved = np.empty_like(places)
    comb = (np.arange(PARTICLES) + rng.random()) / PARTICLES
    for model in range(len(ALARMS)):
        total = np.cumsum(np.exp(weights[:, model].astype(np.float64)))
        moved[:, model] = places[np.searchsorted(total / total[-1], comb), model]
    return (moved + 0.02 + 0.01 * rng.standard_normal(moved.shape)) % 1


def in_doubles(weights):
    return np.log(np.exp(weights.T.astype(np.float64, order="C")).sum(1))


def float_sum(weights):
    """As one writes it: the largest is taken out, the sum is a float's."""
    top = weights.max(0)
    return top + np.log(np.exp(weights - top).sum(0))


def ways():
    found = {
        "smx.logsumexp": lambda weights: smx.logsumexp(weights, axis=0),
        "max, exp, sum, log": float_sum,
        "np.logaddexp.reduce": lambda weights: np.logaddexp.reduce(weights, axis=0),
    }
    try:
        from scipy.special import logsumexp
    except ImportError:
        return found
    return found | {"scipy.special.logsumexp": lambda weights: logsumexp(weights, axis=0)}


def draw(errors, file):
    from matplotlib.figure import Figure

    figure = Figure((7.5, 4.2), layout="constrained")
    ax = figure.subplots()
    styles = ("o-", "#1f5fa8", 6), ("s-", "#c0561a", 9), ("^-", "#777777", 6), ("D--", "#f2c14e", 5)  # two lie together
    for (name, error), (line, colour, size) in zip(errors.items(), styles):
        worst = np.maximum(np.abs(error).max(1), 1e-9)  # 0 has no logarithm
        ax.plot(np.arange(1, STEPS + 1), worst, line, color=colour, markersize=size, label=name)
    ax.set(yscale="log", xlabel="step", xticks=range(1, STEPS + 1), ylabel="error of log evidence so far (nats)")
    ax.set_title(f"Evidence of {PARTICLES:,} particles with weights in f32")
    ax.grid(color="#dddddd", linewidth=0.5)
    ax.legend(frameon=False)
    figure.savefig(file, dpi=110)


def main(picture=None):
    """By way: the errors of the evidence after each step, and how many of the steps' values change with the order."""
    rng = np.random.default_rng(0)
    places = rng.random((PARTICLES, len(ALARMS)))
    exact, made, changed = [], {name: [] for name in ways()}, dict.fromkeys(ways(), 0)
    for fires in (rng.random(STEPS) < 0.6).tolist():
        weights = log_weights(places, fires)
        exact.append(in_doubles(weights))
        for name, way in ways().items():
            made[name].append(way(weights))
            changed[name] += int((way(weights[::-1].copy()) != made[name][-1]).sum())
        places = step(places, weights, rng)
    errors = {name: np.cumsum(np.float64(value) - exact, 0) for name, value in made.items()}
    evidence = np.sum(exact, 0) - STEPS * np.log(PARTICLES)
    print(f"log evidence of the models: {evidence.round(4)}, one over the other {np.exp(np.diff(evidence)[0]):.4f}")
    for name, error in errors.items():
        ratio = np.exp(np.diff(evidence + error[-1])[0])
        print(
            f"{name:24} error {np.abs(error[-1]).max():.1e} nats, one over the other {ratio:.4f}, "
            f"other bits in another order: {changed[name]} of {STEPS * len(ALARMS)}"
        )
    if picture:
        draw(errors, picture)
    return {name: (np.abs(error).max(), changed[name]) for name, error in errors.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
