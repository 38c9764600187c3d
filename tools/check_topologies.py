#!/usr/bin/env python3
"""Computes what the topologies in configs/topologies have to write, from the sample data and without Flow.

usage: check_topologies.py FLOWCTL [--write]

Compares with tests/golden/topologies.txt, or writes it: per sink the number of its rows and FNV-1a (64 bits) over the
sorted rows, each ended by a newline. Rows are texts as the sink's format has them, without csv headers; dead letters
without the moment. tests/pipeline/topologies_test.cpp compares the same with what flowctl writes. FLOWCTL generates
the made-up orders (`generate`: a source and a sink, no operator); all else is read from configs/data.
"""

import collections
import csv
import datetime
import glob
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = ROOT / "tests/golden/topologies.txt"
EPOCH = datetime.datetime(1970, 1, 1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def micros(text):
    return (datetime.datetime.fromisoformat(text.rstrip("Z")) - EPOCH) // datetime.timedelta(microseconds=1)


def time(value):
    at = EPOCH + datetime.timedelta(microseconds=value)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond:06d}" if at.microsecond else "") + "Z"


def number(value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return repr(value)


def ndjson(row):
    def text(value):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return number(value)
        return json.dumps(value, ensure_ascii=False)

    return "{" + ",".join(f"{json.dumps(name)}:{text(value)}" for name, value in row.items()) + "}"


def csv_row(values):
    def field(value):
        if value is None:
            return ""
        if not isinstance(value, str):
            return number(value)
        if value == "" or any(c in value for c in ',"\r\n'):
            return '"' + value.replace('"', '""') + '"'
        return value

    return ",".join(map(field, values))


def windows_of(at, size, slide):
    """Starts of the windows that a time lies in."""
    last = at // slide * slide
    return range(last, at - size, -slide)


def none_late(times, delay, size):
    """The expected results hold for input without late rows: no window is over when a row of it comes."""
    newest = None
    for at in times:
        assert newest is None or at // size * size + size > newest - delay, "the sample data has late rows"
        newest = at if newest is None else max(newest, at)


def flights():
    rows = []
    for file in sorted(glob.glob(str(ROOT / "configs/data/flights-2001-*.csv.gz"))):
        with gzip.open(file, "rt", newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                rows.append((micros(row["date"]), int(row["delay"]), int(row["distance"]), row["origin"], row["destination"]))
    none_late((row[0] for row in rows), HOUR, HOUR)
    return rows


def airport_delays():
    groups = collections.defaultdict(list)
    # Told after each row, the watermark would make 124 of the 20,000 rows late; told after each batch it makes none.
    with gzip.open(ROOT / "configs/data/flights-reported.ndjson.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            groups[micros(row["date"]) // HOUR * HOUR, row["origin"]].append(row["delay"])
    hours = collections.defaultdict(list)
    for (start, origin), delays in groups.items():
        hours[start].append((-max(delays), -sum(delays) / len(delays), origin, len(delays)))
    result = []
    for start, airports in hours.items():
        for worst, mean, origin, count in sorted(airports)[:3]:
            result.append(ndjson({"origin": origin, "window_start": time(start), "window_end": time(start + HOUR),
                                  "flights": count, "mean_delay": -mean, "worst": -worst}))
    return {"delays": result, "late_flights": []}


def arrivals_and_departures():
    movements = collections.Counter()
    for at, _, _, origin, destination in flights():
        movements[origin, at // DAY * DAY] += 1
        movements[destination, at // DAY * DAY] += 1
    return {"busy": [csv_row([airport, time(day), time(day + DAY), count])
                     for (airport, day), count in movements.items()]}


def bad_rows():
    file = "configs/data/readings-with-mistakes.csv"
    groups = collections.defaultdict(list)
    dead = []
    offset = 0
    for line, raw in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(keepends=True), 1):
        fields = next(csv.reader([raw]))
        begin, offset = offset, offset + len(raw.encode())
        if line == 1:
            continue
        code, reason = None, None
        if len(fields) != 3:
            code, reason = "E1322", f"{len(fields)} fields instead of 3"
        else:
            try:
                at = micros(fields[0])
            except ValueError:
                code, reason = "E1323", f"column 'at': '{fields[0]}' is not a timestamp: the year needs four digits"
            try:
                celsius = float(fields[2]) if fields[2] else None
            except ValueError:
                code, reason = "E1323", f"column 'celsius': '{fields[2]}' is not a number"
        if code:
            text = ndjson({"source": "readings", "place": f"{file}:{line} (byte {begin})", "code": code,
                           "reason": reason, "row": raw.rstrip("\n")})
            dead.append(text[1:])
        else:
            groups[fields[1], at // HOUR * HOUR].append(celsius)
    warm = [ndjson({"sensor": sensor, "window_start": time(start), "window_end": time(start + HOUR),
                    "readings": len(values), "celsius": max((v for v in values if v is not None), default=None)})
            for (sensor, start), values in groups.items()]
    return {"warm": warm, "dead": dead}


def late_departures():
    return {"departures": [csv_row([time(at), f"{origin}-{destination}", delay, delay / distance if distance else None])
                           for at, delay, distance, origin, destination in flights()
                           if delay > 15 and origin != destination]}


def numbers():
    start, size = micros("2024-01-01"), 100_000
    groups = collections.defaultdict(list)
    for n in range(0, 2_000_000, 2):
        groups[n % 1000, (start + n) // size * size].append(n * 3 + 1)
    return {"sums": [ndjson({"k": k, "window_start": time(begin), "window_end": time(begin + size), "rows": len(m),
                             "total": sum(m), "least": min(m), "most": max(m)}) for (k, begin), m in groups.items()]}


def orders(flowctl):
    options = {"id.kind": "sequence", "at.kind": "sequence", "at.start": "2024-06-01", "at.step": "250ms",
               "country.kind": "choice", "country.values": "[de, DE, fr, it, pl]", "country.nulls": "0.05",
               "product.kind": "sequence", "product.prefix": "p", "product.modulo": "500", "product.shuffle": "true",
               "amount.kind": "uniform", "amount.min": "1", "amount.max": "100000", "express.probability": "0.2"}
    with tempfile.TemporaryDirectory() as directory:
        command = [flowctl, "generate", "datagen", "--count", "200000", "--format", "csv", "--output", directory + "/rows",
                   "--schema", "id: int64, at: timestamp, country: string, product: string, amount: int64, express: bool",
                   "--option", "seed=7"]
        for name, value in options.items():
            command += ["--option", f"columns.{name}={value}"]
        subprocess.run(command, check=True, capture_output=True)
        groups = collections.defaultdict(list)
        for file in glob.glob(directory + "/rows*.csv"):
            with open(file, newline="", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    key = (row["country"].upper() or None, row["express"] == "true")
                    for start in windows_of(micros(row["at"]), HOUR, HOUR // 4):
                        groups[start, key].append((int(row["amount"]), row["product"]))
    starts = collections.defaultdict(list)
    for (start, (country, express)), rows in groups.items():
        revenue = sum(amount for amount, _ in rows)
        starts[start].append((-revenue, country is None, country or "", express, rows))
    result = []
    for start, found in starts.items():
        for revenue, is_null, country, express, rows in sorted(found)[:2]:
            result.append(ndjson({
                "country": None if is_null else country, "express": express, "window_start": time(start),
                "window_end": time(start + HOUR), "orders": len(rows), "named": 0 if is_null else len(rows),
                "revenue": -revenue, "smallest": min(rows)[0], "first_product": min(product for _, product in rows)}))
    return {"revenue": result}


def route_days():
    groups = collections.defaultdict(list)
    for at, delay, distance, origin, destination in flights():
        for start in windows_of(at, 3 * DAY, DAY):
            groups[origin, destination, start].append((delay, distance))
    return {"routes": [ndjson({
        "origin": origin, "destination": destination, "window_start": time(start), "window_end": time(start + 3 * DAY),
        "flights": len(rows), "delayed": sum(delay > 15 for delay, _ in rows), "least": min(rows)[0],
        "most": max(rows)[0], "miles": sum(distance for _, distance in rows)})
        for (origin, destination, start), rows in groups.items()]}


def words():
    result = []
    for line in (ROOT / "configs/data/airports.csv").read_text(encoding="utf-8").split("\n"):
        if line == "" or line.startswith("iata,"):
            continue
        parts = (line.split(",") + [""] * 4)[:4]
        if parts[3] in ("AK", "WA", "MT") and "A" in parts[0]:
            result.append(csv_row([parts[0], parts[3], parts[1].strip(" ").upper(), len(line)]))
    return {"airports": result}


def checksum(rows):
    value = 0xCBF29CE484222325
    for byte in "".join(row + "\n" for row in sorted(rows, key=str.encode)).encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    results = {"airport_delays": airport_delays(), "arrivals_and_departures": arrivals_and_departures(),
               "bad_rows": bad_rows(), "late_departures": late_departures(), "numbers": numbers(),
               "orders": orders(sys.argv[1]), "route_days": route_days(), "words": words()}
    text = "".join(f"{topology} {sink} {len(rows)} {checksum(rows)}\n"
                   for topology, sinks in results.items() for sink, rows in sinks.items())
    if sys.argv[2:]:
        EXPECTED.write_text(text, encoding="utf-8")
        return 0
    if text != EXPECTED.read_text(encoding="utf-8"):
        print(f"{EXPECTED} is not what comes out:\n{text}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
