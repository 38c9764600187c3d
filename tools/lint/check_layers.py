#!/usr/bin/env python3
"""Checks every #include against the table of who may include whom.

usage: check_layers.py [REPOSITORY] [--self-test]

Debian keeps all third-party headers in /usr/include, so the compiler's include directories cannot keep,
say, CAF out of libflow. This check does.
"""

import re
import sys
from pathlib import Path

# Module of libflow -> modules it may include; what those may include is allowed too.
MODULES = {
    "base": [],
    "record": ["base"],
    "time": ["base"],
    "flowcontrol": ["base"],
    "expr": ["base", "record"],
    "format": ["base", "record"],
    "state": ["base", "record", "time"],
    "checkpoint": ["base", "state"],
    "operators": ["base", "record", "time", "flowcontrol", "expr", "state", "checkpoint", "connector"],
    "connector": ["base", "record", "time", "checkpoint", "format"],
    "graph": ["operators", "connector", "format"],
    "api": ["graph", "config"],
    "config": ["graph"],
}
CONNECTORS_MAY_INCLUDE = ["base", "record", "time", "checkpoint", "connector", "format"]

# Third party -> pattern of the files that may include it. None of them may appear in a public header,
# with the exception of CAF in the public headers of actors (flow/actor.hpp).
THIRD_PARTY = {
    r"caf/": r"actors/",
    r"(capnp|kj)/|flow/wire/": r"libflow/src/(record|checkpoint|state)/",
    r"rocksdb/": r"(libflow/src|tools/bench)/state/",
    r"spdlog/": r"libflow/src/base/",
    r"yaml-cpp/": r"libflow/src/config/",
    r"simdjson": r"libflow/src/(record|expr|format|config)/",  # record: UTF-8 checks
    r"pg_query": r"libflow/src/expr/",
    r"re2/": r"libflow/src/expr/",
    r"nlohmann/": r"libflow/src/|connectors/|tools/",
    r"zlib\.h|zstd\.h|lz4": r"libflow/src/|connectors/|tools/",
    r"xxhash\.h": r"libflow/src/",
    r"mimalloc": r"libflow/src/base/|tools/|actors/src/",
    r"CLI/": r"libflow/src/api/|tools/",
    r"catch2/": r"$^",
    r"benchmark/": r"tools/bench/",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
PUBLIC_HEADER = re.compile(r"libflow/include/flow/")


def closure(direct):
    """Returns the modules reachable from `direct`, itself included."""
    reached, todo = set(), list(direct)
    while todo:
        module = todo.pop()
        if module not in reached:
            reached.add(module)
            todo += MODULES[module]
    return reached


def module_of(path):
    """Returns the libflow module a file belongs to, None for other files."""
    found = re.match(r"libflow/(?:include/flow|src)/([a-z_]+)/", path)
    return found.group(1) if found else None


def allowed_modules(path):
    """Returns the libflow modules that a file may include, None for all."""
    module = module_of(path)
    if module is not None:
        return closure(MODULES.get(module, [])) | {module}
    if path.startswith("connectors/"):
        return closure(CONNECTORS_MAY_INCLUDE)
    return None


def judge(path, target):
    """Returns why the file at `path` must not include `target`, None if it may."""
    if path.startswith("tests/"):
        return "tests include Catch2 through support/catch.hpp" \
            if target.startswith("catch2/") and path != "tests/support/catch.hpp" else None

    for pattern, place in THIRD_PARTY.items():
        if re.match(pattern, target):
            if not re.match(place, path):
                return f"'{target}' is allowed in {place} only"
            if PUBLIC_HEADER.match(path):
                return f"'{target}' must not appear in a public header"

    found = re.match(r"flow/([a-z_]+)/", target)
    allowed = allowed_modules(path)
    if found and allowed is not None and found.group(1) != "wire" and found.group(1) not in allowed:
        return f"this module may include {', '.join(sorted(allowed))} only"
    if "libflow/src/" in target:
        return "sources of another module are private"
    if target.startswith(("support/", "tests/")):
        return "only tests include tests"
    connector = re.match(r"connectors/([a-z_]+)/", target)
    if connector:
        if path.startswith(("libflow/", "actors/")):
            return "libflow and actors never see a connector"
        own = re.match(r"connectors/([a-z_]+)/", path)
        if own and own.group(1) != connector.group(1):
            return "a connector never sees another one"
    if re.match(r"flow/actors?(/|\.hpp)", target) and path.startswith(("libflow/", "connectors/")) \
            and path != "libflow/include/flow/flow.hpp":
        return "only tools and tests see actors"
    return None


def check(root):
    """Prints every forbidden include below `root` and returns their number."""
    problems = 0
    for top in ("libflow", "actors", "connectors", "tools", "tests"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".hpp", ".cpp", ".h"):
                continue
            path = file.relative_to(root).as_posix()
            module = module_of(path)
            if module is not None and module not in MODULES:
                print(f"{path}: '{module}' is no module of libflow; add it to {Path(__file__).name}")
                problems += 1
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                include = INCLUDE.match(line)
                reason = judge(path, include.group(2)) if include else None
                if reason:
                    print(f"{path}:{number}: must not include '{include.group(2)}': {reason}")
                    problems += 1
    return problems


def self_test():
    """Shows that the check refuses what it is there for."""
    refused = [
        ("libflow/src/record/batch.cpp", "caf/all.hpp"),
        ("libflow/src/record/batch.cpp", "flow/time/watermark.hpp"),
        ("libflow/include/flow/record/batch.hpp", "capnp/message.h"),
        ("libflow/src/base/log.cpp", "flow/record/batch.hpp"),
        ("connectors/file/source.cpp", "connectors/print/sink.hpp"),
        ("connectors/file/source.cpp", "flow/graph/graph.hpp"),
        ("connectors/file/source.cpp", "flow/actors/runtime.hpp"),
        ("actors/src/job/job.cpp", "connectors/file/register.hpp"),
        ("tools/flowctl/main.cpp", "support/catch.hpp"),
        ("tests/unit/base/error_test.cpp", "catch2/catch.hpp"),
    ]
    accepted = [
        ("libflow/src/record/batch.cpp", "flow/base/error.hpp"),
        ("libflow/src/record/batch.cpp", "capnp/message.h"),
        ("libflow/include/flow/operators/operator.hpp", "flow/expr/expression.hpp"),
        ("libflow/src/checkpoint/manifest.cpp", "flow/time/event_time.hpp"),
        ("actors/src/job/job.cpp", "caf/typed_actor.hpp"),
        ("actors/include/flow/actor.hpp", "caf/actor.hpp"),
        ("connectors/file/source.cpp", "flow/format/csv.hpp"),
        ("tools/flowctl/main.cpp", "connectors/file/register.hpp"),
    ]
    wrong = [f"accepted: {path} -> {target}" for path, target in refused if judge(path, target) is None]
    wrong += [f"refused: {path} -> {target}" for path, target in accepted if judge(path, target)]
    for line in wrong:
        print(f"self test, wrongly {line}")
    return len(wrong)


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    problems = self_test()
    problems += check(Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2])
    print("layers: no forbidden include" if problems == 0 else f"layers: {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
