#!/usr/bin/env python3
"""Draws docs/architecture.svg from the `#include` lines of cli, include and src: a box for each folder, with its files,
and an arrow from a folder to each one that it includes from. Users stand above what they use; the public headers stand
above the library, whose arrows to them are dashed. Arrows between folders that use each other in a circle are red.

    scripts/architecture.py            draw it (needs graphviz), then check
    scripts/architecture.py --check    only check

The checks fail where files include each other in a circle (x.c and x.h of one folder count as one file, since either may
use what the other's user declares), where two files in src have the same name (READMEs aside), and where an include in
quotes cannot be found. As a test: add_test(NAME architecture COMMAND scripts/architecture.py --check).
"""

import re
import subprocess
import sys
import textwrap
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
SCANNED = ("cli", "include", "src")
SEARCHED = ("include", "src")  # as the compiler's -I
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>|(\S+))', re.MULTILINE)
COLOURS = {"cli": "#fde9d0", "include": "#e3f1dc", "src": "#dce9f7"}


def found(name, folder):
    """The file of this name, from here or from the folders that the compiler searches; None outside of the tree."""
    for start in (folder, *(ROOT / searched for searched in SEARCHED)):
        path = (start / name).resolve()
        if path.is_file() and path.is_relative_to(ROOT):
            return path.relative_to(ROOT)
    return None


def scan(problems):
    """Each file -> the files that it includes."""
    includes = {}
    for path in sorted(p for top in SCANNED for p in (ROOT / top).rglob("*.[ch]")):
        file = path.relative_to(ROOT)
        includes[file] = set()
        for quoted, angled, other in INCLUDE.findall(path.read_text()):
            target = None if other else found(quoted or angled, path.parent)
            if target:
                includes[file].add(target)
            elif not angled:
                problems.append(f"{file} includes {quoted or other}, which is not there")
    return includes


def without_suffix(includes):
    """The same for files of one name: x.c and x.h are one."""
    joined = defaultdict(set)
    for file, targets in includes.items():
        joined[file.with_suffix("")] |= {t.with_suffix("") for t in targets} - {file.with_suffix("")}
    return joined


def circle(includes):
    """Some files of which each includes the next, and the last the first; or None. Depth first: what is finished is in
    no circle."""
    finished, path = set(), []

    def visit(file):
        if file in path:
            return path[path.index(file) :]
        if file in finished:
            return None
        path.append(file)
        rings = filter(None, map(visit, sorted(includes.get(file, ()))))
        ring = next(rings, None)
        path.pop()
        finished.add(file)
        return ring

    return next(filter(None, map(visit, sorted(includes))), None)


def check(includes, problems):
    ring = circle(without_suffix(includes))
    if ring:
        problems.append(f"a circle: {' -> '.join(map(str, [*ring, ring[0]]))}")
    names = defaultdict(list)
    for path in sorted((ROOT / "src").rglob("*")):
        if path.is_file() and path.name != "README.md":
            names[path.name].append(str(path.relative_to(ROOT)))
    problems += [f"one name, several files: {', '.join(paths)}" for paths in names.values() if len(paths) > 1]


def box(folder, files):
    """Wider the more files there are, so that it is never a tower."""
    names = ", ".join(sorted({file.stem.removesuffix("_template") for file in files}))
    lines = textwrap.wrap(names, max(44, round(3 * len(names) ** 0.5)), break_on_hyphens=False)
    small = "<br/>".join(lines)
    label = f'<<b>{folder}</b><br/><font point-size="9" color="#555555">{small}</font>>'
    return f'"{folder}" [label={label}, fillcolor="{COLOURS[folder.parts[0]]}"];'


def reached(start, arrows):
    """The folders that one can come to from here."""
    seen, ahead = set(), [start]
    while ahead:
        folder = ahead.pop()
        new = {used for user, used in arrows if user == folder} - seen
        seen |= new
        ahead += new
    return seen


def arrow(user, used, count, arrows):
    look = f"penwidth={min(1 + count / 15, 4):.1f}, tooltip=\"{count} includes\""
    if user.parts[0] == "src" and used.parts[0] == "include":
        return f'"{used}" -> "{user}" [dir=back, style=dashed, {look}];'
    colour = "#c0392b" if user in reached(used, arrows) else "#777777"
    return f'"{user}" -> "{used}" [color="{colour}", {look}];'


def graph(includes):
    folders, arrows = defaultdict(list), Counter()
    for file, targets in includes.items():
        folders[file.parent].append(file)
        arrows.update((file.parent, target.parent) for target in targets if target.parent != file.parent)
    boxes = [box(folder, files) for folder, files in sorted(folders.items())]
    lines = [arrow(user, used, count, arrows) for (user, used), count in sorted(arrows.items())]
    style = 'bgcolor=white; nodesep=0.4; ranksep=0.6; node [shape=box, style="filled,rounded", fontname="Helvetica"];'
    return "\n".join(["digraph architecture {", style, 'edge [color="#777777"];', *boxes, *lines, "}"])


def draw(includes):
    try:
        subprocess.run(["dot", "-Tsvg", "-o", PICTURE], input=graph(includes), text=True, check=True)
    except FileNotFoundError:
        sys.exit("architecture: `dot` is missing: install graphviz")
    print(f"architecture: wrote {PICTURE.relative_to(ROOT)}")


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    problems = []
    includes = scan(problems)
    if not arguments:
        draw(includes)
    check(includes, problems)
    if problems:
        sys.exit("\n".join(f"architecture: {problem}" for problem in problems))
    print(f"architecture: {len(includes)} files, no circle, no name twice in src")


if __name__ == "__main__":
    main(sys.argv[1:])
