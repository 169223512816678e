"""libsmx beside its peers: `make bench`, `make bench-quick`.

    bench.py [--quick] [--only TEXT] [--isa NAME,NAME] [--threads N,N] [--seconds N] [--libraries FOLDER]
    bench.py --docs

Measures, prints tables, and writes build/bench/results.json, results.txt (the tables, and calls from C) and a picture.
--docs measures nothing: it keeps the last run of everything as bench/results.txt, and takes its tables and the picture
into docs/performance.md, between the marks there; what stands around them stays.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import isas

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
RESULTS = FOLDER / "results.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.png"
RAW = ROOT / "bench" / "results.txt"

# Freed memory stays with a measuring process, since contenders that make their result anew on each call would else be
# charged for the kernel's zeroing of pages.
KEEPS_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_ARENA_MAX": "1"}


def environment(isa, threads, libraries):
    """For a measuring process. JAX reads its number of threads here."""
    held = isas.environment(isa, libraries)
    flags = [os.environ.get("XLA_FLAGS"), held.get("XLA_FLAGS")]
    if threads == 1:
        flags.append("--xla_cpu_multi_thread_eigen=false")
    return os.environ | held | KEEPS_MEMORY | {
        "XLA_FLAGS": " ".join(filter(None, flags)),
        "PJRT_NPROC": str(threads),
        "NPROC": str(threads),
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def run(arguments, isa, threads, seconds):
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        command = [sys.executable, str(ROOT / "bench" / "measure.py")]
        command += [isa, str(threads), str(seconds), str(arguments.libraries), output.name, "--only", arguments.only]
        command += ["--quick"] if arguments.quick else []
        if subprocess.run(command, env=environment(isa, threads, arguments.libraries)).returncode:
            sys.exit("bench: measuring failed, see above")
        return json.loads(Path(output.name).read_text())


def harness(arguments):
    """What bench/harness.c prints. Nothing where only some cases are wanted."""
    if arguments.only:
        return ""
    print("bench: calls from C", file=sys.stderr)
    rounds = "5" if arguments.quick else "15"
    command = [arguments.libraries / "bench" / "harness", rounds]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def measure_all(arguments):
    import cases
    import machine

    counts = [count for count in arguments.threads if cases.chosen(count, arguments.quick, arguments.only)]
    if not counts:
        sys.exit(f"bench: no case has '{arguments.only}' in its name")
    for name in ("libsmx.so", "libbench_copies.so", "libbench_hold.so", "bench/harness"):
        if not (arguments.libraries / name).exists():
            sys.exit(f"bench: {arguments.libraries / name} is missing: `make bench` builds it")
    measurable = isas.measurable(arguments.libraries)
    chosen = arguments.isa or measurable
    if not set(chosen) <= set(measurable):
        sys.exit(f"bench: of the instruction sets, {', '.join(measurable)} can be measured here")
    results = {"machine": machine.describe(ROOT, arguments.libraries / "libsmx.so")}
    whole = chosen == measurable and counts[0] == 1 and not arguments.quick and not arguments.only
    results |= {"whole": whole, "only": arguments.only, "isas": chosen, "threads": counts}
    seconds = arguments.seconds / len(chosen) / len(counts)
    results["runs"] = [run(arguments, isa, count, seconds) for isa in chosen for count in counts]
    results["harness"] = harness(arguments)
    return results


def between_marks(page, block, text, program="bench.py"):
    begin, end = (f"<!-- {program} --docs: {block}, {which} -->" for which in ("begin", "end"))
    if begin not in page or end not in page:
        sys.exit(f"bench: {PAGE} lacks the marks {begin} and {end}")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n{text}{end}{rest.split(end, 1)[1]}"


def write_docs(others):
    import plots
    import report
    from joined import joined

    if not RESULTS.exists():
        sys.exit(f"bench: no {RESULTS}: run `make bench` first")
    results = json.loads(RESULTS.read_text())
    if not results["whole"]:
        sys.exit("bench: the last run was not of everything; docs/performance.md takes the whole: run `make bench`")
    results = joined(results, others)
    page = PAGE.read_text()
    for block, text in report.page(results, PICTURE.name).items():
        page = between_marks(page, block, text)
    plots.draw(results, PICTURE)
    RAW.write_text(report.raw(results))
    PAGE.write_text(page)
    print(f"bench: wrote {PAGE}, {PICTURE.name} beside it, and {RAW}")


def words(text):
    return text.split(",")


def numbers(text):
    return [int(word) for word in words(text)]


def main():
    every = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer shapes, below two minutes")
    parser.add_argument("--only", default="", help="only cases with this in their name, e.g. 'softmax f32 1024 x'")
    parser.add_argument("--isa", type=words, help="e.g. avx2; default: the best, and those that peers can be held to")
    parser.add_argument("--threads", type=numbers, default=sorted({1, every}), help="e.g. 1,2; default: 1 and all")
    parser.add_argument("--seconds", type=float, help="how long to measure in all; default 640, quick 30")
    parser.add_argument("--libraries", type=Path, default=ROOT / "build", help="where libsmx.so is")
    parser.add_argument("--docs", action="store_true", help="take the last results into docs/performance.md")
    join = "with --docs: the results.json of another whole run; of both, the least times"
    parser.add_argument("--join", type=Path, action="append", default=[], metavar="FILE", help=join)
    arguments = parser.parse_args()
    if arguments.docs:
        return write_docs(arguments.join)
    arguments.seconds = arguments.seconds or (30 if arguments.quick else 640)

    results = measure_all(arguments)
    import plots
    import report

    FOLDER.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    RESULTS.with_suffix(".txt").write_text(report.raw(results))
    print(report.text(results))
    picture = RESULTS.with_suffix(".png")
    picture.unlink(missing_ok=True)
    drawn = plots.draw(results, picture)
    print(f"bench: {', '.join(str(results['machine'][key]) for key in ('processor', 'compiler', 'commit'))}")
    print(f"bench: {RESULTS}, results.txt{' and results.png' if drawn else ''} beside it")


if __name__ == "__main__":
    main()
