#!/usr/bin/env python3
"""Compares rows written by Flow (a folder or prefix of ndjson files) with rows written by PostgreSQL (csv).

usage: compare.py FLOW_OUTPUT POSTGRESQL_CSV

Both are multisets: order does not count, repetition does. Numbers are compared as numbers, exactly.
"""

import collections
import csv
import datetime
import glob
import json
import os
import sys

TIMES = {"window_start", "window_end"}


def normal(column, value):
    if column in TIMES:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return float(value) if isinstance(value, (int, float)) else value


def flow_rows(where):
    pattern = os.path.join(where, "**") if os.path.isdir(where) else where + "*"
    files = sorted(file for file in glob.glob(pattern, recursive=True) if os.path.isfile(file))
    rows = collections.Counter()
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                rows[tuple(normal(column, value) for column, value in row.items())] += 1
    return rows, len(files)


def postgresql_rows(file):
    with open(file, encoding="utf-8", newline="") as lines:
        return collections.Counter(
            tuple(normal(column, value) for column, value in row.items()) for row in csv.DictReader(lines))


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    ours, files = flow_rows(sys.argv[1])
    theirs = postgresql_rows(sys.argv[2])
    missing, extra = theirs - ours, ours - theirs
    print(f"{os.path.basename(sys.argv[2])}: {sum(ours.values())} rows of Flow in {files} files, "
          f"{sum(theirs.values())} of PostgreSQL, {sum(missing.values())} missing, {sum(extra.values())} extra")
    for name, rows in (("missing", missing), ("extra", extra)):
        for row in list(rows)[:3]:
            print(f"  {name}: {row}")
    return 0 if ours == theirs and theirs else 1


if __name__ == "__main__":
    sys.exit(main())
