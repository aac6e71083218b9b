#!/usr/bin/env python3
"""For every check of the policy: a guest that it catches, and that no other check minds."""

import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import guest
import mutations

TOP = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(TOP / "tests/images"))
import tap  # noqa: E402


def kiln(*arguments):
    return subprocess.run(["kiln-guest", "check", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def uuids(folder):
    """Those of the disk, which depend on the layout's identity alone."""
    g = guest.debian({"root": "-", "esp": "-"})
    g.build(folder)
    subprocess.run(["kiln-disk", "build", "--quiet", folder / "layout.yaml", "-o",
                    folder / "disk.raw", "--report", folder / "report"], check=True)
    esp, root = [p["filesystem"]["uuid"] for p in json.loads((folder / "report").read_text())
                 ["partitions"]]
    return {"root": root, "esp": esp}


def judge(case, bases, scratch):
    """What kiln-guest says about a case."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        g = bases[case.base].copy()
        case.spoil(g)
        return kiln(*g.build(folder), "--json=-")
    except subprocess.CalledProcessError as fault:
        return subprocess.CompletedProcess(fault.cmd, 70, "", str(fault))
    finally:
        shutil.rmtree(folder)


def check_case(t, case, answer):
    name = f"{' '.join(case.ids + case.broken)}: {case.name}"
    try:
        report = json.loads(answer.stdout)
    except ValueError:
        t.ok(name, False, answer.stderr)
        return
    by_status = {s: [r["id"] for r in report["results"] if r["status"] == s]
                 for s in ("failed", "broken")}
    minor = {r["id"] for r in report["results"] if r["severity"] != "error"}
    fails = case.broken or set(case.ids) - minor
    found = [f"{r['id']}: {line}" for r in report["results"] for line in r["found"]
             if r["status"] in ("failed", "broken")]
    details = "\n".join(found)
    t.equal(name, (by_status["failed"], by_status["broken"], answer.returncode),
            (sorted(case.ids, key=[r["id"] for r in report["results"]].index), case.broken and
             sorted(case.broken, key=[r["id"] for r in report["results"]].index),
             1 if fails else 0), details)
    t.ok(f"{name}: says what and the remedy",
         all(r["found"] and r["remedy"] for r in report["results"] if r["id"] in case.ids))


def check_reports(t, base, scratch):
    """The good guest, and one bad one, in all formats."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    g = base.copy()
    g.file("var/lib/a\x1b[31m<&\">", "x", 0o666)
    arguments = g.build(folder)
    answer = kiln(*arguments, f"--json={folder / 'j'}", f"--junit={folder / 'x'}")
    t.equal("text: exit code", answer.returncode, 1)
    t.ok("text: names the check, escapes the file", "FILE-01" in answer.stdout and
         "/var/lib/a\\x1b[31m<&" in answer.stdout and "\x1b" not in answer.stdout, answer.stdout)
    last = answer.stdout.splitlines()[-1]
    report = json.loads((folder / "j").read_text())
    t.equal("text: the summary is JSON's", last, "disk.raw: {checks} checks, {failed} failed, "
            "{warnings} warnings, {skipped} skipped".format(**report))
    suite = ElementTree.parse(folder / "x").getroot().find("testsuite")
    cases = suite.findall("testcase")
    t.equal("JUnit: a test case a check", len(cases), report["checks"])
    t.equal("JUnit: the failures", [c.get("name").split()[0] for c in cases
                                    if c.find("failure") is not None], ["FILE-01"])
    t.equal("JUnit: what is skipped", len([c for c in cases if c.find("skipped") is not None]),
            int(suite.get("skipped")))
    t.ok("--all prints every check", all(r["id"] in kiln(*arguments, "--all").stdout
                                         for r in report["results"]))
    no_lima = json.loads(kiln(*arguments, "--no-lima", "--json=-").stdout)
    t.equal("--no-lima skips Lima's part", {r["id"].split("-")[0] for r in no_lima["results"]
            if r["found"] == ["Lima's contract is not asked for"]}, {"LIMA", "MOD", "TOOL"})
    t.equal("two reports on standard output are a usage error",
            kiln(*arguments, "--json=-", "--junit=-").returncode, 2)
    t.equal("an allow list that is not there is an error of input and output",
            kiln(*arguments, "--allow-units=/nowhere").returncode, 5)


def check_lists(t):
    listed = [line.split()[0] for line in kiln("--list").stdout.splitlines()
              if line[:1].strip()]
    caught = {i for case in mutations.CASES for i in case.ids}
    t.ok("at least 60 checks", len(listed) >= 60)
    t.equal("each has its own name", len(listed), len(set(listed)))
    t.equal("each has a bad guest", [i for i in listed if i not in caught
                                     and i not in mutations.ELSEWHERE], [])
    for check, path in mutations.ELSEWHERE.items():
        t.ok(f"{check}: {path} has its bad guest", check in (TOP / path).read_text())
    manual = (TOP / "builder/tools/kiln-guest/kiln-guest.1").read_text()
    section = manual.split(".Sh CHECKS")[1].split("\n.Sh ")[0]
    in_manual = [line.split()[1] for line in section.splitlines()
                 if line.startswith(".It ")]
    t.equal("the manual page lists them", in_manual, listed)


def main():
    t = tap.Tap()
    for program in ["sgdisk", "mkfs.vfat", "mcopy", "debugfs"]:
        if not shutil.which(program):
            t.skip_all(f"{program} is not installed")
            return 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        known = uuids(scratch)
        bases = {"debian": guest.debian(known), "alpine": guest.alpine(known)}
        for base in bases:
            check_case(t, mutations.Case([], base, lambda g: None, base=base),
                       judge(mutations.Case([], base, lambda g: None, base=base), bases, scratch))
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda c: judge(c, bases, scratch), mutations.CASES)
            for case, answer in zip(mutations.CASES, answers):
                check_case(t, case, answer)
        check_reports(t, bases["debian"], scratch)
    check_lists(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
