"""Writes the tables of the outlier evaluation into docs/."""

import pathlib
import re

import numpy
import pyod
import sklearn

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"
BEGIN, END = "<!-- written by evaluate/outliers.py --docs -->", "<!-- end -->"


def table(title, header, rows, notes, level):
    lines = [f"{level} {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines + [f"\n{note}" for note in notes]) + "\n"


def write(all_tables, short_tables, seeds):
    versions = f"pyod {pyod.__version__}, scikit-learn {sklearn.__version__}, numpy {numpy.__version__}"
    page = ["# Detectors, judged: all tables\n",
            f"`make evaluate ARGS=outliers` measures this; `python evaluate/outliers.py --docs` wrote this page ({versions}; {seeds} seeds, mean ±\n"
            "standard deviation over them). What it says is in [Detectors](detectors.md).\n"]
    page += [table(*one, level="##") for one in all_tables]
    (DOCS / "detectors-evaluation.md").write_text("\n".join(page))
    short = "\n".join(table(*one, level="###") for one in short_tables)
    target = DOCS / "detectors.md"
    text = target.read_text()
    target.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n\n{short}\n{END}", text, flags=re.S))
