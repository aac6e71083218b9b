"""What a benchmark leaves: a JSON file, and tables for people."""

import json
import os
from pathlib import Path

SCHEMA = "limekiln-bench-1"  # docs/bench.schema.json


def write_file(path, content):
    """The whole file under its name, or the one before."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(content)
    os.replace(new, path)


def write_json(path, value):
    write_file(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def measurement(group, result):
    case = result.case
    return {
        "case": case.name,
        "cpu_seconds": [round(s, 3) for s in result.cpu_seconds],
        "disk": case.disk,
        "group": group,
        "median_seconds": round(result.median(), 3),
        "output_bytes": result.output_bytes if case.output else None,
        "peak_kib": max(result.peak_kib),
        "seconds": [round(s, 3) for s in result.seconds],
        "title": case.title,
    }


def print_measurements(measurements):
    group = None
    for m in measurements:
        if m["group"] != group:
            group = m["group"]
            print(f"\n{group:<56} {'seconds':>8} {'cpu':>8} {'peak MiB':>9} {'bytes':>12}")
        cpu = sorted(m["cpu_seconds"])[len(m["cpu_seconds"]) // 2]
        peak = m["peak_kib"] / 1024
        size = "" if m["output_bytes"] is None else m["output_bytes"]
        print(f"  {m['title']:<54} {m['median_seconds']:>8.2f} {cpu:>8.2f} {peak:>9.1f} {size:>12}")


def print_ratios(ratios):
    print(f"\n{'ratio: ours/theirs':<56} {'speed':>8} {'size':>9}")
    for key, ratio in ratios.items():
        size = f"{100 * ratio['size']:.2f} %" if "size" in ratio else ""
        print(f"  {key:<54} {ratio['speed']:>7.2f}x {size:>9}")


def shown(kind, value):
    if value is None:
        return "-"
    return f"{value:.2f}x" if kind == "speed" else f"{100 * value:.2f} %"


def print_bars(judged):
    print(f"\n{'bar':<72} {'wanted':>12} {'got':>9}")
    for bar in judged:
        wanted = (">= " if bar["kind"] == "speed" else "<= ") + shown(bar["kind"], bar["limit"])
        verdict = {True: "reached", False: "MISSED", None: "not measured"}[bar["reached"]]
        print(f"  {bar['title']:<70} {wanted:>12} {shown(bar['kind'], bar['got']):>9} {verdict}")


def print_regressions(worse):
    print(f"\n{'worse than the stored ratio':<56} {'kind':>6} {'stored':>9} {'now':>9} {'by':>8}")
    for key, kind, stored, now, by in worse:
        print(f"  {key:<54} {kind:>6} {shown(kind, stored):>9} {shown(kind, now):>9} {100 * by:>6.1f} %")
