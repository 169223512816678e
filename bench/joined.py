"""Several whole runs as one, in which each contender has the least of its times.

One run on a machine that others share catches each contender in quiet and in loud moments, as chance has it. In the
least of several runs of the same code, all have had the same number of chances of a quiet one.
"""

import json
import sys


def key(case):
    return (case["isa"], case["threads"], case["function"], case["dtype"], tuple(case["shape"]), case["option"])


def same_work(results, other):
    """Whether both ran the same cases, of the same versions, on a machine of the same description."""
    described = [{k: r["machine"][k] for k in ("processor", "caches", "compiler", "commit")} for r in (results, other)]
    runs = list(zip(results["runs"], other["runs"]))
    return (
        described[0] == described[1]
        and len(results["runs"]) == len(other["runs"])
        and all(a["versions"] == b["versions"] for a, b in runs)
        and all([key(c) for c in a["cases"]] == [key(c) for c in b["cases"]] for a, b in runs)
    )


def join_case(case, other):
    """Who failed the check of results in either run is in neither."""
    there = other["contenders"]
    contenders = {
        name: min(here, there[name], key=lambda entry: entry["min"])
        for name, here in case["contenders"].items()
        if name in there
    }
    notes = case["notes"] + [note for note in other["notes"] if note not in case["notes"]]
    return case | {"contenders": contenders, "notes": notes}


def joined(results, paths):
    """`results` with those of the files."""
    for path in paths:
        other = json.loads(path.read_text())
        if not other["whole"] or not same_work(results, other):
            sys.exit(f"bench: {path} is not a whole run of the same code on such a machine")
        for run, also in zip(results["runs"], other["runs"]):
            run["cases"] = [join_case(a, b) for a, b in zip(run["cases"], also["cases"])]
    if paths:
        results["machine"]["runs"] = 1 + len(paths)
    return results
