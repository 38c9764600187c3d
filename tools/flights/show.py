#!/usr/bin/env python3
"""Prints rows of airport_delays.yaml (ndjson on stdin) as a table: the worst airports of each hour, with their names."""

import csv
import json
import sys
from pathlib import Path

HOURS = 5


def main():
    airports = Path(__file__).resolve().parents[2] / "configs/data/airports.csv"
    with open(airports, encoding="utf-8", newline="") as file:
        cities = {row["iata"]: f"{row['city']}, {row['state']}" for row in csv.DictReader(file)}
    rows = sorted((json.loads(line) for line in sys.stdin),
                  key=lambda row: (row["window_start"], -row["worst"], -row["mean_delay"], row["origin"]))
    hours = sorted({row["window_start"] for row in rows})[:HOURS]
    print(f"{'hour':<21} {'':<4} {'airport':<24} {'flights':>7} {'mean delay':>11} {'worst':>8}")
    for row in rows:
        if row["window_start"] in hours:
            city = cities.get(row["origin"], "")
            print(f"{row['window_start']:<21} {row['origin']:<4} {city:<24.24} {row['flights']:>7} "
                  f"{row['mean_delay']:>7.1f} min {row['worst']:>4} min")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
