#!/usr/bin/env python3
"""Turns the flights of the npm package vega-datasets into the files Flow reads.

usage: convert.py sample PACKAGE CONFIGS_DATA     the 20,000 rows kept in the repository
       convert.py full PACKAGE OUTPUT             the three million rows; needs pyarrow

Two orders of the same rows are written. By date, as the package has them: no row is ever late. As reported:
by date + delay, the minute at which a flight's delay is known, which is how a stream of such events would
arrive: rows are out of order by up to the longest delay.
"""

import datetime
import gzip
import io
import json
import shutil
import sys
from pathlib import Path

COLUMNS = ["date", "delay", "distance", "origin", "destination"]


def write_gzip(path, text):
    """Writes a gzip file whose bytes depend on the text only, not on the time of writing."""
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        packed.write(text.encode())


def csv_text(rows):
    out = io.StringIO()
    out.write(",".join(COLUMNS) + "\n")
    for row in rows:
        out.write(",".join(str(row[column]) for column in COLUMNS) + "\n")
    return out.getvalue()


def reported_at(row):
    return datetime.datetime.fromisoformat(row["date"]) + datetime.timedelta(minutes=row["delay"])


def disorder(rows):
    """Returns how far the row that is latest lies behind the newest date before it."""
    newest, widest = datetime.datetime.min, datetime.timedelta()
    for row in rows:
        date = datetime.datetime.fromisoformat(row["date"])
        newest = max(newest, date)
        widest = max(widest, newest - date)
    return widest


def sample(package, target):
    rows = json.loads((package / "data/flights-20k.json").read_text())
    for row in rows:
        date = datetime.datetime.strptime(row["date"], "%Y/%m/%d %H:%M")
        row["date"] = date.isoformat()
    assert all(a["date"] <= b["date"] for a, b in zip(rows, rows[1:]))
    for month in sorted({row["date"][:7] for row in rows}):
        write_gzip(target / f"flights-{month}.csv.gz", csv_text(row for row in rows if row["date"].startswith(month)))
    reported = sorted(rows, key=reported_at)
    lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in reported)
    write_gzip(target / "flights-reported.ndjson.gz", lines)
    shutil.copyfile(package / "data/airports.csv", target / "airports.csv")
    print(f"{len(rows)} rows, {rows[0]['date']} to {rows[-1]['date']}; as reported: disorder {disorder(reported)}")


def full(package, target):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv
    import pyarrow.parquet

    def text(values):
        return pc.cast(values, pa.large_string())

    def write(table, name):
        date = pc.strftime(pc.cast(table["date"], pa.timestamp("s")), "%Y-%m-%dT%H:%M:%S")
        columns = {column: table[column] for column in COLUMNS} | {"date": date}
        pyarrow.csv.write_csv(pa.table(columns), target / f"{name}.csv", pyarrow.csv.WriteOptions(quoting_style="none"))
        parts = ['{"date":"', text(date), '","delay":', text(table["delay"]), ',"distance":', text(table["distance"]),
                 ',"origin":"', text(table["origin"]), '","destination":"', text(table["destination"]), '"}']
        lines = pc.binary_join_element_wise(
            *[pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts],
            pa.scalar("", pa.large_string()))
        with open(target / f"{name}.ndjson", "w", encoding="utf-8") as out:
            for chunk in lines.chunks:
                for start in range(0, len(chunk), 100_000):
                    out.write("\n".join(chunk.slice(start, 100_000).to_pylist()) + "\n")

    table = pyarrow.parquet.read_table(package / "data/flights-3m.parquet")
    assert pc.all(pc.less_equal(table["date"][:-1], table["date"][1:])).as_py(), "rows are not in order of their date"
    write(table, "flights-3m")
    minutes = pc.cast(pc.multiply(table["delay"], 60_000_000), pa.duration("us"))
    keyed = table.append_column("reported", pc.add(table["date"], minutes))
    keyed = keyed.append_column("position", pa.array(range(len(table)), pa.int64()))
    keyed = keyed.sort_by([("reported", "ascending"), ("position", "ascending")])
    write(keyed.select(COLUMNS), "flights-3m-reported")
    print(f"{len(table)} rows, {pc.min(table['date'])} to {pc.max(table['date'])}, delay {pc.min(table['delay'])} "
          f"to {pc.max(table['delay'])} minutes")


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("sample", "full"):
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    {"sample": sample, "full": full}[sys.argv[1]](Path(sys.argv[2]), target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
