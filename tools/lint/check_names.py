#!/usr/bin/env python3
"""Checks names and the small rules of the house.

usage: check_names.py [REPOSITORY]

Errors: a file name that says nothing, a name not in snake_case, TODO(now) or a TODO without a kind, a
header without `#pragma once` or with `using namespace` (literals excepted). Warnings: long files, folders with many files.
"""

import re
import sys
from pathlib import Path

TOPS = ("libflow", "actors", "connectors", "tools", "tests")
CODE = {".hpp", ".cpp", ".h", ".capnp", ".py", ".sh", ".cmake"}
BANNED = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}
LONGEST_FILE = 400
MOST_FILES = 15
TODO = re.compile(r"\bTODO\b(\((\w+)\))?")
TODO_KINDS = {"soon", "perf", "test", "port"}


def check_text(path, lines, problems):
    for number, line in enumerate(lines, 1):
        for todo in TODO.finditer(line):
            if todo.group(2) not in TODO_KINDS:
                kinds = ", ".join(sorted(TODO_KINDS))
                problems.append(f"{path}:{number}: {todo.group(0)}: finish it, or give its kind ({kinds})")


def check_header(path, lines, problems):
    if not any(line.strip() == "#pragma once" for line in lines):
        problems.append(f"{path}: '#pragma once' is missing")
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*using namespace\b(?!\s+std::[a-z_]*literals;)", line):
            problems.append(f"{path}:{number}: 'using namespace' in a header")


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    problems, warnings, folders = [], [], {}
    for top in TOPS:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in CODE or "__pycache__" in file.parts:
                continue
            path = file.relative_to(root).as_posix()
            if file.stem in BANNED:
                problems.append(f"{path}: the name does not say what is inside")
            is_cmake = file.suffix == ".cmake"
            if not is_cmake and not re.fullmatch(r"[a-z0-9_]+|[0-9]+-[a-z0-9_]+", file.stem):
                problems.append(f"{path}: file names are snake_case")
            folders.setdefault(file.parent.relative_to(root).as_posix(), []).append(file.name)
            lines = file.read_text(encoding="utf-8").splitlines()
            if file.name != Path(__file__).name:
                check_text(path, lines, problems)
            if file.suffix == ".hpp":
                check_header(path, lines, problems)
            if len(lines) > LONGEST_FILE:
                warnings.append(f"{path}: {len(lines)} lines; is it one idea?")
    for folder, names in sorted(folders.items()):
        stems = {Path(name).stem for name in names}
        if len(stems) > MOST_FILES:
            warnings.append(f"{folder}: {len(stems)} files; is it one folder?")

    for line in warnings:
        print(f"warning: {line}")
    for line in problems:
        print(line)
    print(f"names: {len(problems)} problems, {len(warnings)} warnings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
