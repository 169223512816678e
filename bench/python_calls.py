"""What a call costs from Python: ours beside SciPy and PyTorch, on one row of 10 and on the shapes of users.

    build/python-venv/bin/python bench/python_calls.py [--rounds N]       with what is installed there
    PYTHONPATH=build/python-venv/lib/python3.11/site-packages build/bench-venv/bin/python bench/python_calls.py

The least of some rounds, in which all contenders take turns. "nothing" is the cost of the loop and of a lambda.
"""

import argparse
import importlib.util
import itertools
import time

import numpy as np

import smx

SHAPES = [(4096, 1000), (64, 32768)]
MASKED = (32, 12, 128, 128)


def optional(name):
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


torch, special = optional("torch"), optional("scipy.special") if optional("scipy") else None


def least(calls, rounds, count):
    """Nanoseconds a call of each, in turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter_ns()
            for _ in itertools.repeat(None, count):
                call()
            best[name] = min(best[name], (time.perf_counter_ns() - start) / count)
    return best


def small(rounds):
    """One row of 10: `NumPy` and `PyTorch` are ours on their arrays."""
    random = np.random.default_rng(0)
    x = random.standard_normal((1, 10)).astype(np.float32)
    y, label = np.empty_like(x), np.array([3])
    groups = {
        "softmax": {
            "smx, NumPy": lambda: smx.softmax(x),
            "smx, NumPy, out": lambda: smx.softmax(x, out=y),
        },
        "logsumexp": {"smx, NumPy": lambda: smx.logsumexp(x)},
        "cross_entropy": {"smx, NumPy": lambda: smx.cross_entropy(x, label)},
    }
    if special:
        groups["softmax"]["SciPy"] = lambda: special.softmax(x, axis=-1)
        groups["logsumexp"]["SciPy"] = lambda: special.logsumexp(x, axis=-1)
    if torch:
        t, u, labels = torch.from_numpy(x), torch.empty(1, 10), torch.from_numpy(label)
        functional = torch.nn.functional
        groups["softmax"] |= {
            "smx, PyTorch": lambda: smx.softmax(t),
            "smx, PyTorch, out": lambda: smx.softmax(t, out=u),
            "PyTorch": lambda: functional.softmax(t, -1),
        }
        groups["logsumexp"] |= {"smx, PyTorch": lambda: smx.logsumexp(t), "PyTorch": lambda: torch.logsumexp(t, -1)}
        groups["cross_entropy"] |= {
            "smx, PyTorch": lambda: smx.cross_entropy(t, labels),
            "PyTorch": lambda: functional.cross_entropy(t, labels),
        }
    for name, calls in groups.items():
        yield f"{name}, a row of 10: ns a call", least({"nothing": lambda: None} | calls, rounds, 2000)


def large(rounds):
    random = np.random.default_rng(0)
    for shape in SHAPES:
        x = random.standard_normal(shape).astype(np.float32)
        labels = random.integers(0, shape[1], shape[0])
        softmax = {"smx, NumPy": lambda x=x: smx.softmax(x)}
        both = {"smx, NumPy": lambda x=x, t=labels: smx.cross_entropy(x, t, returns=("loss", "dx"))}
        if special:
            softmax["SciPy"] = lambda x=x: special.softmax(x, axis=-1)
        if torch:
            t, u = torch.from_numpy(x), torch.from_numpy(labels)
            softmax["smx, PyTorch"] = lambda t=t: smx.softmax(t)
            softmax["PyTorch"] = lambda t=t: torch.softmax(t, -1)
            both["PyTorch, autograd"] = lambda t=t, u=u: torch_cross_entropy(t, u)
        for name, calls in {"softmax": softmax, "cross_entropy, forward and backward": both}.items():
            yield f"{name}, {shape[0]} x {shape[1]}: ns an element", per_element(calls, rounds, x.size)
    x = random.standard_normal(MASKED).astype(np.float32)
    keep = random.random((MASKED[0], 1, 1, MASKED[3])) < 0.9
    calls = {"smx, NumPy": lambda: smx.softmax(x, mask=keep)}
    if torch:
        t, k = torch.from_numpy(x), torch.from_numpy(keep)
        calls["smx, PyTorch"] = lambda: smx.softmax(t, mask=k)
        calls["PyTorch"] = lambda: torch.softmax(t.masked_fill(~k, -torch.inf), -1)
    yield f"softmax with a mask, {MASKED}: ns an element", per_element(calls, rounds, x.size)


def torch_cross_entropy(t, labels):
    x = t.detach().requires_grad_()
    torch.nn.functional.cross_entropy(x, labels).backward()
    return x.grad


def per_element(calls, rounds, size):
    return {name: ns / size for name, ns in least(calls, rounds, 1).items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    if torch:
        torch.set_num_threads(smx.info().threads)
    print(" ".join(f"{key}={value}" for key, value in smx.info()._asdict().items()))
    for rows in (small, large):
        for title, results in rows(given.rounds):
            print(title)
            for name, ns in results.items():
                print(f"    {name:20} {ns:10.3g}")


if __name__ == "__main__":
    main()
