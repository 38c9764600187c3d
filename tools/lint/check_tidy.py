#!/usr/bin/env python3
"""Checks the library, actors, connectors and tools with clang-tidy 14, as .clang-tidy says.

    tools/lint/check_tidy.py [--all] [BUILD [FILE…]]     BUILD: a folder that is configured and built; default build/ci

A file is checked again only if it, a header of ours that it includes, its compiler command or .clang-tidy has changed since it
was found good; that is remembered in the cache, for every clone of the repository. --all forgets it. Tests are not checked, and neither is what
includes a header that clang 14 cannot read (<source_location>: the C++ interface).
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "flow" / "tidy"
TIDY = "clang-tidy-14"
FOLDERS = ("libflow", "actors", "connectors", "tools")
UNKNOWN = "/source_location"


def is_ours(path):
    if not path.is_relative_to(ROOT):
        return False
    name = path.relative_to(ROOT)
    return name.parts[0] in FOLDERS


def dependencies(build):
    """What ninja knows that each object was made from: object -> files."""
    found = {}
    files = None
    dump = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    for line in dump.splitlines():
        if line.startswith("    "):
            files.append(line.strip())
        elif line:
            files = found.setdefault(line.split(":")[0], [])
    return found


def key_of(entry, build, used, settings):
    """A hash of all that the verdict on a file depends on, but for system headers; None if its headers are not known."""
    if not used:
        return None
    digest = hashlib.sha256(settings)
    digest.update(entry["command"].replace(str(ROOT), "").encode())
    for name in sorted(used):
        path = (build / name).resolve()
        if path.is_relative_to(ROOT):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def check(path, build):
    run = subprocess.run([TIDY, "-p", build, "--quiet", path], cwd=ROOT, capture_output=True, text=True)
    # What was counted in headers of others goes to stderr; a crash says so there, too.
    return run.returncode == 0, run.stdout + (run.stderr if run.returncode != 0 and not run.stdout else "")


def main():
    arguments = sys.argv[1:]
    forget = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    build = (ROOT / (arguments[0] if arguments else "build/ci")).resolve()
    only = {str(pathlib.Path(name).resolve()) for name in arguments[1:]}
    try:
        version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    except FileNotFoundError:
        sys.exit(f"check_tidy.py: {TIDY} is missing; tools/install_packages.sh lint")
    settings = version + (ROOT / ".clang-tidy").read_bytes()

    start = time.monotonic()
    used = dependencies(build)
    CACHE.mkdir(parents=True, exist_ok=True)
    good = left_out = 0
    todo = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not is_ours(path) or (only and str(path) not in only):
            continue
        command = shlex.split(entry["command"])
        made = used.get(command[command.index("-o") + 1])
        if any(name.endswith(UNKNOWN) for name in made or ()):
            left_out += 1
            continue
        key = key_of(entry, build, made, settings)
        if key and not forget and (CACHE / key).exists():
            good += 1
        else:
            todo[str(path)] = key

    unchanged = good
    failed = []
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("FLOW_JOBS", os.cpu_count()))) as pool:
        verdicts = pool.map(lambda path: check(path, build), todo)
        for (path, key), (fine, said) in zip(todo.items(), verdicts):
            if fine:
                good += 1
                if key:
                    (CACHE / key).touch()
            else:
                failed.append(path)
                print(said, flush=True)
    print(f"tidy: {len(todo)} files checked in {time.monotonic() - start:.0f} s, {unchanged} unchanged since they were found good, "
          f"{left_out} left out")
    for path in failed:
        print(f"  {pathlib.Path(path).relative_to(ROOT)}")
    print(f"{good} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
