# SPDX-License-Identifier: GPL-2.0-only
"""Measurements as tables: on a terminal, beside the goals, and in README.md."""

from bench_rows import SUBJECTS, WORKLOADS, baseline, groups, ratio, select

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

# Iterations of frag in a table; the plot has all.
SHOWN_ITERATIONS = (1, 10, 25, 50, 75, 100)


def number(value):
    if value >= 1000:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def cell(group, subject):
    row = group.get(subject)
    if not row:
        return "-"
    text, r = number(row["median"]), ratio(group, subject)
    return text if r is None or row is baseline(group) else f"{text} ({r:.2f})"


def label(row):
    return (row["workload"] + (f" n={row['n']}" if "n" in row else "") +
            (f" {row['iteration']}" if "iteration" in row else ""))


def column(subject):
    return subject.replace("pbuddy-", "").replace("alloc_pages_", "ap_")


def platform_table(rows, platform):
    mine = [r for r in select(rows, platform=platform) if r.get("iteration", 1) in SHOWN_ITERATIONS]
    present = [s for s in SUBJECTS if any(r["subject"] == s for r in mine)]
    lines = [["workload", "order", "cpus", "unit"] + [column(s) for s in present]]
    for first, group in groups(mine):
        unit = "instr" if first["unit"] == "instructions" else first["unit"]
        lines.append([label(first), str(first["order"]), str(first["threads"]), unit] +
                     [cell(group, s) for s in present])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = [f"{platform}, {mine[0]['kernel']}; medians, in brackets the ratio to "
           f"{'the floor' if platform == 'host' else 'alloc_pages'}"
           f"{', of clear-1g to memset' if select(mine, workload='clear-1g') else ''}"]
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def tables(rows):
    platforms = list(dict.fromkeys(r["platform"] for r in rows))
    return "\n\n".join(platform_table(rows, p) for p in platforms)


# ---- the goals ----

# platform, workload, order, threads, other fields of the row, quantity ("ratio": to alloc_pages,
# "memset": to that), subject, limit. The quantity may not exceed the limit; that of ">" may not fall below it.
GOALS = [
    ("icount", "repeat", 0, 1, {}, "median", "pbuddy", 120),
    ("icount", "repeat", 3, 1, {}, "median", "pbuddy", 220),
    ("icount", "repeat", 9, 1, {}, "median", "pbuddy", 180),
    ("icount", "bulk-get", 0, 1, {}, "median", "pbuddy", 75),
    ("icount", "bulk-put", 0, 1, {}, "median", "pbuddy", 95),
    ("icount", "rand-put", 0, 1, {}, "median", "pbuddy", 130),
    ("icount", "rand", 0, 1, {}, "median", "pbuddy", 140),
    *(("icount", "pair", o, 1, {}, "median", "pbuddy", 300) for o in (1, 2, 3, 4, 6)),
    ("icount", "pair", 10, 1, {}, "median", "pbuddy", 900),
    ("icount", "bulk-get", 9, 1, {}, "median", "pbuddy", 250),
    ("icount", "bulk-put", 9, 1, {}, "median", "pbuddy", 250),
    *(("icount", "bulk-get", o, 1, {}, "ratio", "pbuddy", 0.6) for o in (6, 7, 8)),
    ("icount", "account", 0, 1, {}, "median", "pbuddy", 300),
    ("icount", "user-write", 0, 1, {}, "median", "pbuddy", 180),
    *(("icount", w, 0, 1, {}, "median", "pbuddy", 130) for w in ("atomic", "nowait")),
    ("icount", "comp", 3, 1, {}, "median", "pbuddy", 300),
    ("icount", "other-node", 0, 1, {}, "median", "pbuddy", 200),
    ("icount", "nodemask", 0, 1, {}, "median", "pbuddy", 250),
    *(("icount", w, 0, 1, {}, "median", "pbuddy", 300) for w in ("bind", "interleave", "cpuset")),
    ("icount-stock", "zeroed-pairs", 0, 1, {}, "median", "pbuddy", 160),
    ("icount-stock", "zeroed-pairs", 3, 1, {}, "median", "pbuddy", 200),
    ("icount-stock", "zeroed-pairs", 9, 1, {}, "median", "pbuddy", 500),
    ("icount", "bulk-api-get", 0, 1, {}, "median", "pbuddy", 45),
    ("icount", "bulk-api-put", 0, 1, {}, "median", "pbuddy", 45),
    ("icount", "core-down", 9, 1, {}, "median", "pbuddy", 400),
    ("icount", "core-up", 9, 1, {}, "median", "pbuddy", 300),
    ("icount", "resize-down", 9, 1, {}, "ratio", "pbuddy", 2),
    *(("icount", "resize-move", o, 1, {}, "ratio", "pbuddy", 1.2) for o in (0, 3, 9)),
    ("uml", "repeat", 0, 1, {}, "ratio", "pbuddy", 0.12),
    ("uml", "repeat", 3, 1, {}, "ratio", "pbuddy", 0.16),
    ("uml", "repeat", 9, 1, {}, "ratio", "pbuddy", 0.05),
    ("uml", "bulk-get", 0, 1, {}, "ratio", "pbuddy", 0.10),
    ("uml", "bulk-put", 0, 1, {}, "ratio", "pbuddy", 0.15),
    ("uml", "rand-put", 0, 1, {}, "ratio", "pbuddy", 0.28),
    ("uml", "rand", 0, 1, {}, "ratio", "pbuddy", 0.10),
    ("uml", "constant-occupancy", 0, 1, {}, "ratio", "pbuddy", 0.20),
    ("uml", "two-phase-get", 0, 2, {}, "ratio", "pbuddy", 0.15),
    ("uml", "two-phase-put", 0, 2, {}, "ratio", "pbuddy", 0.15),
    ("uml", "ring", 0, 2, {}, "ratio", "pbuddy", 0.20),
    ("uml", "clear-2m", 9, 1, {}, "memset", "pbuddy", 1.11),
    ("uml", "clear-1g", 18, 1, {}, "memset", "pbuddy", 1.11),
    ("uml", "repeat", 0, 1, {}, "ratio", "pbuddy-equal-prep", 0.15),
    ("uml", "rand-put", 0, 1, {}, "ratio", "pbuddy-equal-prep", 0.38),
    *(("uml", w, 0, 2, {}, "threads", "pbuddy", 1.25)
      for w in ("repeat", "bulk-get", "bulk-put", "rand-put", "rand")),
    ("uml", "frag", 0, 1, {"iteration": 100}, ">", "pbuddy", 95),
    ("uml", "frag", 0, 1, {"iteration": 50}, ">", "pbuddy", 60),
    ("uml", "free-all", 0, 1, {}, ">", "pbuddy", 85),
    ("uml", "free-all-drained", 0, 1, {}, ">", "pbuddy", 100),
    ("host", "repeat", 0, 1, {}, "median", "pbuddy", 0),
    ("host", "bulk-get", 0, 1, {}, "median", "pbuddy", 0.1),
    ("host", "bulk-put", 0, 1, {}, "median", "pbuddy", 0.1),
    ("host", "metadata", 0, 1, {}, "median", "pbuddy", 1.25),
]
WHAT = {"median": "", "ratio": " / alloc_pages", "memset": " / memset", "threads": " / one thread (minima)", ">": ""}


def find(rows, platform, workload, order, threads, more):
    """{subject: row} of rows side by side; of the host those that are no time."""
    return {r["subject"]: r for r in select(rows, platform=platform, workload=workload, order=order,
                                            threads=threads, **more)
            if platform != "host" or r["unit"] != "ns/op"}


def measured(rows, goal):
    platform, workload, order, threads, more, what, subject, _ = goal
    group = find(rows, platform, workload, order, threads, more)
    if subject not in group:
        return None
    if what in ("ratio", "memset"):
        return ratio(group, subject, "memset" if what == "memset" else None)
    if what == "threads":
        one = find(rows, platform, workload, order, 1, more).get(subject)
        return group[subject]["min"] / one["min"] if one and one["min"] else None
    return group[subject]["median"]


def goal_table(rows):
    """The goals and the values, for the platforms that were measured."""
    platforms = {r["platform"] for r in rows}
    lines = []
    for goal in GOALS:
        if goal[0] not in platforms:
            continue
        value = measured(rows, goal)
        platform, workload, order, threads, more, what, subject, limit = goal
        name = f"{platform} {workload} order {order}, {threads} CPU, {subject}{WHAT[what]}"
        name += "".join(f", {k} {v}" for k, v in more.items())
        if value is None:
            lines.append(f"{name:68}  not measured")
            continue
        met = value >= limit if what == ">" else value <= limit
        lines.append(f"{name:68}  {value:8.3f}  goal {'>=' if what == '>' else '<='} {limit}"
                     f"{'' if met else '  MISSED'}")
    return "\n".join(lines)


# ---- README ----

# The rows of the table: workload, order, threads.
README_ROWS = [
    ("repeat", 0, 1), ("repeat", 0, 2), ("repeat", 3, 1), ("repeat", 9, 1), ("repeat", 10, 1),
    ("bulk-get", 0, 1), ("bulk-put", 0, 1), ("rand-put", 0, 1), ("rand", 0, 1), ("rand", 0, 2),
    ("bulk-api-get", 0, 1), ("bulk-api-put", 0, 1), ("constant-occupancy", 0, 1),
    ("two-phase-put", 0, 2), ("ring", 0, 2), ("purger", 0, 2), ("mass-exit", 0, 2),
]
# The rows of the table with Debian's command line.
README_STOCK_ROWS = [
    ("repeat", 0, 1), ("repeat", 3, 1), ("repeat", 9, 1), ("bulk-get", 0, 1), ("bulk-put", 0, 1),
    *(("bulk-get", o, 1) for o in (6, 7, 8, 9)), *(("bulk-put", o, 1) for o in (6, 7, 8, 9)),
    ("clear-page", 0, 1), ("clear-page", 3, 1), ("clear-page", 9, 1),
    ("zero", 0, 1), ("zero", 3, 1), ("zero", 9, 1),
    *(("zeroed-pairs", o, 1) for o in (0, 3, 9)),
    *((w, o, 1) for o in (0, 3, 9) for w in ("zeroed-get", "zeroed-put")),
    ("account", 0, 1), ("account", 3, 1), ("user-write", 0, 1), ("atomic", 0, 1), ("nowait", 0, 1),
    ("comp", 3, 1), ("comp", 9, 1),
    ("other-node", 0, 1), ("nodemask", 0, 1), ("bind", 0, 1), ("interleave", 0, 1), ("cpuset", 0, 1),
]
README_SHAPES = [
    ("frag", {"iteration": 50}), ("frag", {"iteration": 100}), ("free-all", {}),
    ("free-all-drained", {}),
]


def words(workload, order, after):
    """What an operation is; after a row of the same workload and order, how it differs."""
    if (workload, order) == after:
        return "... on both CPUs at once"
    pages = 1 << order
    block = "one page" if not order else f"{pages} pages" if pages < 256 else f"{pages // 256} MiB"
    text = WORKLOADS[workload].replace("one block", block)
    return text if block in text or not order else f"{text}, {block} each"


def pair_cells(rows, platform, workload, order, threads):
    group = find(rows, platform, workload, order, threads, {})
    ours, r = group.get("pbuddy"), ratio(group, "pbuddy")
    if not ours or r is None:
        return ["", "", ""]
    return [number(ours["median"] / r), number(ours["median"]), f"{r:.2f}"]


def readme_speed(rows, picked, platforms):
    out = ["| one CPU unless said; an operation | `alloc_pages` | pbuddy | ratio | `alloc_pages` | pbuddy | ratio |",
           "|---|--:|--:|--:|--:|--:|--:|"]
    after = None
    for workload, order, threads in picked:
        cells = [c for p in platforms for c in pair_cells(rows, p, workload, order, threads)]
        if any(cells):
            out.append(f"| {words(workload, order, after)} (`{workload}`) | " + " | ".join(cells) + " |")
        after = workload, order
    return out


def readme_shapes(rows):
    out = []
    for workload, more in README_SHAPES:
        group = find(rows, "uml", workload, 0, 1, more) or find(rows, "icount", workload, 0, 1, more)
        if "pbuddy" in group and "alloc_pages" in group:
            text = WORKLOADS[workload] + "".join(f", {name} {value}" for name, value in more.items())
            out.append(f"| {text} | {group['alloc_pages']['median']:.0f} % |"
                       f" {group['pbuddy']['median']:.0f} % |")
    if out:
        out = ["", "| | `alloc_pages` | pbuddy |", "|---|--:|--:|"] + out
    return out


def readme_counts(rows):
    found = {w: find(rows, "host", w, 0, 1, {}).get("pbuddy")
             for w in ("repeat", "bulk-get", "bulk-put", "rand-put", "metadata")}
    if not all(found.values()):
        return []
    v = {w: r["median"] for w, r in found.items()}
    return ["", f"Locked read-modify-writes of pbuddy per page: {v['repeat']:.2f} for a cached pair,"
            f" {v['bulk-get']:.3f} to allocate many, {v['bulk-put']:.3f} to free them in order,"
            f" {v['rand-put']:.2f}", f"to free them shuffled. All metadata together:"
            f" {v['metadata']:.3f} bytes per page."]


def readme_stock(rows, kernels):
    """The table with Debian's command line; nothing when it was not measured."""
    if "icount-stock" not in kernels:
        return []
    tuned = f" of {kernels['icount']} without zeroing" if "icount" in kernels else ""
    return ["", f"The same in instructions: columns 2 to 4{tuned}, 5 to 7 of {kernels['icount-stock']} as Debian boots"
            " it, which zeroes each block", "at allocation (`init_on_alloc`). A page that is cleared counts as in"
            " row `clear-page`.", "", *readme_speed(rows, README_STOCK_ROWS, ("icount", "icount-stock"))]


def readme_block(rows, command):
    kernels = {r["platform"]: r["kernel"] for r in rows}
    where = []
    if "icount" in kernels:
        where.append(f"columns 2 to 4 are instructions (QEMU `-icount`, {kernels['icount']})")
    if "uml" in kernels:
        where.append(f"5 to 7 nanoseconds (User-mode Linux on two real CPUs, {kernels['uml']})")
    made = f"by `{command}`" if command else "from saved measurements"
    out = [BEGIN, f"Made {made}; medians of rounds that take turns in one boot:",
           ", ".join(where) + ".", "", *readme_speed(rows, README_ROWS, ("icount", "uml")),
           *readme_shapes(rows), *readme_counts(rows), *readme_stock(rows, kernels), END]
    return "\n".join(out) + "\n"


def rewrite_readme(path, rows, command):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, begin, rest = text.partition(BEGIN + "\n")
    _, end, after = rest.partition(END + "\n")
    if not begin or not end:
        raise ValueError(f"{path}: no block from {BEGIN} to {END}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + readme_block(rows, command) + after)
