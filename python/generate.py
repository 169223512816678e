"""Makes what the build takes from functions.toml, the description of the functions.

generate.py functions.toml FOLDER    writes functions.h, functions.c (src/table.h says what they hold), _core.pyi
"""

import sys
import textwrap
import tomllib
from pathlib import Path

OPTIONS = {"linear": ["scale", "temperature", "mask", "bias", "lengths", "causal", "window", "query_axis", "slopes"]}
OPTIONS["linear+sinks"] = [*OPTIONS["linear"], "sinks"]
OPTIONS["logits"] = [*OPTIONS["linear"], "softcap"]
OPTIONS["all"] = [*OPTIONS["logits"], "sinks"]
OPTIONS["none"] = OPTIONS["of no rows"] = []
ALL_TAKE = ["out", "keepdims"], ["plus_inf", "minus_inf_row", "threads"]
DEFAULTS = {"axis": "-1", "keepdims": "False", "plus_inf": "'nan'", "minus_inf_row": "'nan'", "ignore_index": "-100"}
DEFAULTS |= {"smoothing": "0.0", "z_loss": "0.0", "reduction": "'mean'", "empty_mean": "'nan'", "returns": "'loss'"}
SHAPES = {
    "like": "of {x}'s shape",
    "rows": "of the shape of rows: {x}'s without the axis",
    "place": "of the shape of rows: {x}'s without the axis",
    "matrix": "of the shape of rows, {x}'s without the axis, and then n x n",
    "vectors": "of v's shape",
    "scale": "without dimensions, or of the shape of rows",
}
LOGITS = {
    "linear": "`scale` and masks are those of the forward pass.",
    "all": "z = cap(scale * x) + bias - slope * |p - j| where an entry is kept; what is masked out is never looked at.",
    "none": "",
    "of no rows": "",
}
LOGITS |= {"linear+sinks": LOGITS["linear"], "logits": LOGITS["all"]}
HEAD = "/* Made from functions.toml by generate.py. */\n"


class Function:
    def __init__(self, name, entry):
        self.name, self.entry = name, entry
        self.losses = entry.get("loss", [])
        self.inputs = list(entry["inputs"])
        self.rows = entry["options"] != "of no rows"
        self.positional = [*self.inputs, *self.losses[:1], *(["axis"] if self.rows else [])]
        self.keywords = [*ALL_TAKE[0], *self.losses[1:], *OPTIONS[entry["options"]], *ALL_TAKE[1]]
        if not self.rows:
            self.keywords = ["out", "threads"]
        self.outputs = entry.get("outputs", {})
        self.returns = entry.get("returns", [])

    def signature(self, annotate=lambda name: ""):
        def parameter(name):
            annotation = annotate(name)
            if name in self.inputs:
                return name + annotation
            return f"{name}{annotation}{' = ' if annotation else '='}{DEFAULTS.get(name, 'None')}"

        return ", ".join([*map(parameter, self.positional), "*", *map(parameter, self.keywords)])

    def docstring(self, described, results):
        entry, first = self.entry, self.inputs[0]

        def section(title, items):
            return "\n".join([title, "-" * len(title), *items])

        def item(name, kind, text):
            text = text.format(x=first, wanted=", ".join(self.returns)) if "{" in text else text
            return f"{name} : {kind}\n" + textwrap.indent(textwrap.fill(text, 96), "    ")

        def of_input(name, text):
            said = any(word in text for word in ("shape", "broadcast", "dimension"))
            shape = "" if said else ", of any shape" if name == first else f", of {first}'s shape"
            return item(name, f"array of floats{shape}", text + ".")

        arrays = [of_input(name, text) for name, text in entry["inputs"].items()]
        others = [
            item(name, *described[name]) for name in [*self.positional, *self.keywords] if name not in self.inputs
        ]
        shapes = {form: text.format(x=first) for form, text in SHAPES.items()}
        returned = [item(name, f"array {shapes[form]}", text + ".") for name, (form, text) in self.outputs.items()]
        if self.losses:
            returned = [item(name, "array", results[name] + ".") for name in self.returns]
        notes = [textwrap.fill(text, 100) + "\n" for text in [LOGITS[entry["options"]]] if text]
        parts = [
            entry["summary"],
            textwrap.indent(entry["formula"].strip(), "    "),
            section("Parameters", arrays + others),
            section("Returns", returned),
            section("Notes", [*notes, textwrap.fill("Error: " + " ".join(entry["bound"].split()) + ".", 100)]),
            section("Examples", [entry["example"].strip()]),
        ]
        return f"{self.name}({self.signature()})\n--\n\n" + "\n\n".join(parts) + "\n"


def c_string(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'    "{line}\\n"' for line in escaped.removesuffix("\n").split("\n"))


def in_set(names, prefix="PARAMETER_"):
    return " | ".join(f"UINT64_C(1) << {prefix}{name.upper()}" for name in names) or "0"


def header(functions):
    names = dict.fromkeys(name for f in functions for name in f.positional + f.keywords)
    enum = "".join(f"    PARAMETER_{name.upper()},\n" for name in names)
    spelt = ", ".join(f'"{name}"' for name in names)
    return f"{HEAD}enum parameter {{\n{enum}    PARAMETERS\n}};\n#define PARAMETER_NAMES {spelt}\n"


def table(functions, described, results):
    made = [HEAD, '#include "table.h"\n\n']
    for f in functions:
        call = "NULL"
        if not f.losses:
            tensors = ["t[0]", *["axis"] * f.rows, *(f"t[{i}]" for i in range(1, len(f.inputs) + len(f.outputs)))]
            call = f"call_{f.name}"
            made.append(
                f"static smx_status {call}(DLTensor *const *t, int axis, const smx_tensor_options *opt) {{\n"
                f"    (void)axis;\n    return smx_{f.name}({', '.join(tensors)}, opt);\n}}\n"
            )
        outputs = ", ".join(f"FORM_{form.upper()}" for form, _ in f.outputs.values())
        positional = ", ".join(f"PARAMETER_{name.upper()}" for name in f.positional)
        loss = f"smx_{f.name.removesuffix('_backward')}" if f.losses else "NULL"
        kind = "loss" if f.losses else "tensors"
        made.append(
            f'static const struct function of_{f.name} = {{\n    .name = "{f.name}",\n    .call = {call},\n'
            f"    .loss = {loss},\n    .inputs = {len(f.inputs)},\n    .outputs = {len(f.outputs)},\n"
            f"    .form = {{{outputs or 'FORM_LIKE'}}},\n    .positional = {{{positional}}},\n"
            f"    .positions = {len(f.positional)},\n    .taken = {in_set(f.positional + f.keywords)},\n"
            f"    .returns = {in_set(f.returns, 'WANTED_')},\n}};\n"
            f"static PyObject *{f.name}(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {{\n"
            f"    (void)self;\n    return smx_call_{kind}(&of_{f.name}, args, count, names);\n}}\n"
            f"static const char doc_{f.name}[] =\n{c_string(f.docstring(described, results))};\n\n"
        )
    made.append("PyMethodDef smx_functions[] = {\n")
    for f in functions:
        entry = f"(PyCFunction)(void (*)(void)){f.name}, METH_FASTCALL | METH_KEYWORDS"
        made.append(f'    {{"{f.name}", {entry}, doc_{f.name}}},\n')
    made.append("    {NULL, NULL, 0, NULL},\n};\n")
    return "".join(made)


def stub(functions, described):
    def annotate(name):
        return ": " + described.get(name, ["Any"])[0].replace("Array", "Any").replace("Any | None", "Any")

    made = [
        "# Made from functions.toml by generate.py.\nfrom collections.abc import Sequence\nfrom typing import Any\n"
    ]
    made += [f"def {f.name}({f.signature(annotate)}) -> Any: ...\n" for f in functions]
    made.append(
        "def version() -> str: ...\ndef isa() -> str: ...\ndef isas() -> list[str]: ...\n"
        "def threads() -> int: ...\ndef set_isa(name: str | None, /) -> None: ...\n"
        "_PART_MAXIMA: int\n"
        "_PART_SUMS: int\n"
        "_EXACT_SUM_WORDS: int\n"
        "def _part(step: str, x: Any, **arrays_and_numbers: Any) -> None: ...\n"
        "def _exact_sum_add(sums: Any, values: Any) -> None: ...\n"
        "def _exact_sum_value(sums: Any, values: Any) -> None: ...\n"
        "def _exact_sum_ratio(sums: Any, divisors: Any, values: Any) -> None: ...\n"
    )
    return "".join(made)


def main(description, folder):
    with open(description, "rb") as file:
        entries = tomllib.load(file)
    described, results = entries.pop("parameters"), entries.pop("results")
    functions = [Function(name, entry) for name, entry in entries.items()]
    made = {"functions.h": header(functions)}
    made |= {"functions.c": table(functions, described, results), "_core.pyi": stub(functions, described)}
    for name, text in made.items():
        Path(folder, name).write_text(text, encoding="utf-8")


main(*sys.argv[1:])
