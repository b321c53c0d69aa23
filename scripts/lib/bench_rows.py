# SPDX-License-Identifier: GPL-2.0-only
"""Measurements: parsed from the output of a guest or a program, and read from and written to JSON.

A row is a dict {platform, kernel, workload, order, threads, subject, unit, median, min,
max, rounds}; rows of some workloads also have "n" or "iteration".
"""

import json
import pathlib
import re

HEADER = ["workload", "order", "threads", "subject", "unit", "median", "min", "max", "rounds"]
EXTRA = ("n", "iteration")
UNITS = {"ns/op", "instructions", "%", "rmw/op", "bytes/frame"}
KUNIT_BENCH = pathlib.Path(__file__).resolve().parents[2] / "kunit" / "bench"


def read_workloads():
    """{row name: what an operation is}, from the kernel module's table."""
    return dict(re.findall(r'\{ "([a-z0-9-]+)", "([^"]+)" \}', (KUNIT_BENCH / "workloads.c").read_text()))


def read_subjects():
    """Names of the module's subjects in the order of its list, but for that of tests; the floor."""
    source = "".join(path.read_text() for path in KUNIT_BENCH.glob("subject_*.c"))
    names = dict(re.findall(r'bench_subject bench_(\w+) = \{\s+\.name\s+= "([^"]+)"', source))
    del names["failing"]
    listed = re.findall(r"^SUBJECT\((\w+)\)", (KUNIT_BENCH / "subjects.h").read_text(), re.M)
    return [names[name] for name in listed if name in names] + ["floor"]


WORKLOADS = read_workloads()
SUBJECTS = read_subjects()


class Bad(Exception):
    """The input is malformed or incomplete; the text is the reason."""


def parse_header(line, where):
    names = line.split("\t")
    if names[:9] != HEADER or len(names) > 10 or (len(names) == 10 and names[9] not in EXTRA):
        raise Bad(f"{where}: not a header: {line!r}")
    return names


def parse_row(names, line, where):
    cells = line.split("\t")
    if len(cells) != len(names):
        raise Bad(f"{where}: {len(cells)} columns, the header has {len(names)}: {line!r}")
    row = dict(zip(names, cells))
    try:
        for name in ("order", "threads", "rounds", *(e for e in EXTRA if e in row)):
            row[name] = int(row[name])
        for name in ("median", "min", "max"):
            row[name] = float(row[name])
    except ValueError as e:
        raise Bad(f"{where}: {e}: {line!r}") from None
    if row["unit"] not in UNITS:
        raise Bad(f"{where}: unknown unit {row['unit']!r}: {line!r}")
    if row["subject"] not in SUBJECTS:
        raise Bad(f"{where}: unknown subject {row['subject']!r}: {line!r}")
    if not 0 <= row["min"] <= row["median"] <= row["max"]:
        raise Bad(f"{where}: min, median and max are out of order: {line!r}")
    if row["rounds"] < 1:
        raise Bad(f"{where}: a measurement of no rounds: {line!r}")
    return row


def finish_row(row, platform, kernel):
    """The order of the keys is that of the JSON file."""
    unit = row["unit"]
    if platform.startswith("icount") and unit == "ns/op":
        unit = "instructions"  # -icount shift=0: an instruction takes 1 ns
    out = {"platform": platform, "kernel": kernel}
    out.update({n: row[n] for n in ("workload", "order", "threads", "subject")})
    out.update({"unit": unit})
    out.update({n: row[n] for n in ("median", "min", "max", "rounds")})
    out.update({n: row[n] for n in EXTRA if n in row})
    return out


class Reader:
    """Parses the output of scripts/guest/bench.sh, or a bare table."""

    def __init__(self, platform, kernel):
        self.platform, self.kernel = platform, kernel
        self.rows, self.problems, self.skipped = [], [], []
        self.request = None     # the current request
        self.names = None       # columns of the current table
        self.planned, self.done, self.ended = None, 0, False

    def here(self):
        return f"{self.platform}: {self.request}" if self.request else self.platform

    def directive(self, word, rest):
        if word == "plan":
            self.planned = int(rest)
        elif word == "request":
            self.request, self.names, self.first = rest, None, len(self.rows)
        elif word == "done":
            self.done += 1
            try:
                self.check_request()
            finally:
                self.request = self.names = None
        elif word == "failed":
            self.problems.append(f"{self.here()}: {rest}")
            self.request = self.names = None
        elif word == "skipped":
            self.skipped.append(f"{self.platform}: {rest}")
        elif word == "end":
            self.ended = True
        else:
            raise Bad(f"{self.platform}: unknown line '@{word}'")

    def check_request(self):
        """The rows have the requested order and threads, and the subjects that were named, else
        pbuddy beside alloc_pages."""
        if self.request is None:
            raise Bad(f"{self.platform}: the end of a request that did not begin")
        rows = self.rows[self.first:]
        asked = dict(w.split("=", 1) for w in self.request.split())
        if not rows:
            raise Bad(f"{self.here()}: no rows")
        for row in rows:
            for name in ("order", "threads"):
                if name in asked and row[name] != int(asked[name]):
                    raise Bad(f"{self.here()}: a row says {name} {row[name]}")
        for workload in {r["workload"] for r in rows}:
            subjects = {r["subject"] for r in rows if r["workload"] == workload}
            if "subjects" in asked:
                missing = set(asked["subjects"].split(",")) - subjects
                if missing:
                    raise Bad(f"{self.here()}: {workload} lacks {', '.join(sorted(missing))}")
            elif ("pbuddy" not in subjects or
                  not any(s.startswith(("alloc_pages", "memset")) for s in subjects)):
                raise Bad(f"{self.here()}: {workload} has only {', '.join(sorted(subjects))};"
                          " pbuddy and alloc_pages or memset have to be there")

    def line(self, line):
        if line.startswith("@"):
            word, _, rest = line[1:].partition(" ")
            self.directive(word, rest)
        elif line.startswith("workload\t"):
            self.names = parse_header(line, self.here())
        elif line.startswith("#") or not line.strip():
            pass
        elif not self.names:
            raise Bad(f"{self.here()}: neither a table nor a line of the protocol: {line!r}")
        else:
            row = parse_row(self.names, line, self.here())
            self.rows.append(finish_row(row, self.platform, self.kernel))

    def read(self, lines):
        for line in lines:
            try:
                self.line(line.rstrip("\r\n"))
            except Bad as e:
                self.problems.append(str(e))
        self.check_end()
        return self.rows

    def check_end(self):
        where = f"{self.platform}: "
        if self.request:
            self.problems.append(f"{self.here()}: it never ended")
        if self.planned is None:
            if not self.rows and not self.problems:
                self.problems.append(where + "nothing was measured")
            return
        if self.planned == 0:
            self.problems.append(where + "nothing was asked for")
        missing = self.planned - self.done
        if missing and not self.problems:
            self.problems.append(where + f"{missing} of {self.planned} requests are missing")
        if not self.ended and not self.problems:
            self.problems.append(where + "the guest stopped before its end")


def load_json(path):
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)
    wanted = {"platform", "kernel", *HEADER}
    if not isinstance(rows, list):
        raise Bad(f"{path}: not an array")
    for row in rows:
        if not isinstance(row, dict) or wanted - set(row):
            raise Bad(f"{path}: not a measurement: {row!r}")
    return rows


def dump_json(rows, path):
    """An array with one object per line."""
    text = "[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n" if rows else "[]\n"
    pathlib.Path(path).write_text(text, encoding="utf-8")


def select(rows, **fields):
    """The rows that have these values."""
    return [r for r in rows if all(r.get(name) == value for name, value in fields.items())]


def groups(rows):
    """Rows measured side by side: [(a row, {subject: row})], in order."""
    found = {}
    for row in rows:
        key = tuple(row.get(n) for n in ("platform", "workload", "order", "threads", "unit", *EXTRA))
        found.setdefault(key, {})[row["subject"]] = row
    return [(next(iter(g.values())), g) for g in found.values()]


def baseline(group, name=None):
    """The denominator of ratios: the subject of that name. Without one alloc_pages, or its bulk call; memset for
    blocks that the kernel does not have; on the host the floor."""
    names = [name] if name else ["alloc_pages", "alloc_pages_bulk", "memset", "floor"]
    return next((group[n] for n in names if n in group), None)


def ratio(group, subject, against=None):
    """The median of a subject divided by that of the baseline of the same boot, or None."""
    base, row = baseline(group, against), group.get(subject)
    if not base or not row or not base["median"] or row["unit"] not in ("ns/op", "instructions"):
        return None
    return row["median"] / base["median"]
