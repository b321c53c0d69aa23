# SPDX-License-Identifier: GPL-2.0-only
"""Measurements as PNG pictures, drawn by gnuplot."""

import os
import subprocess

from bench_rows import SUBJECTS, groups, ratio

COLOURS = {"pbuddy": "#1b6ca8", "pbuddy-equal-prep": "#7fb8e6", "alloc_pages": "#c0392b",
           "alloc_pages_bulk": "#e08e79", "alloc_pages_comp": "#8e5a4f", "gen_pool": "#5d8a3a",
           "gpu_buddy": "#8a63b5", "floor": "#888888"}
UNIT = {"instructions": "instructions per operation", "ns/op": "ns per operation"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def draw(path, title, commands, blocks, plots, size="1000,620"):
    """One picture: named data blocks, and what to plot of them."""
    lines = [f"set terminal pngcairo size {size} font 'Sans,12' background '#ffffff'",
             f"set output {quoted(path)}", f"set title {quoted(title)} font ',14' noenhanced",
             "set border 3 lc rgb '#666666'", "set tics nomirror", "set grid ytics lc rgb '#dddddd'",
             "set key outside right top noenhanced", *commands]
    for name, rows in blocks.items():
        lines += [f"${name} << EOD", *rows, "EOD"]
    lines.append("plot " + ", \\\n     ".join(plots))
    script = "\n".join(lines) + "\n"
    result = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True, check=False)
    if result.returncode or result.stderr.strip():
        raise RuntimeError(f"gnuplot cannot draw {path}: {result.stderr.strip()}")
    return path


def block(i):
    return f"d{i}"


def curves(rows, x):
    """{subject: [(x, median, min, max)]} in the order of SUBJECTS."""
    found = {s: sorted((r[x], r["median"], r["min"], r["max"]) for r in rows if r["subject"] == s)
             for s in SUBJECTS}
    return {s: points for s, points in found.items() if points}


def draw_curves(path, title, rows, x, commands):
    data = curves(rows, x)
    blocks = {block(i): [" ".join(map(str, p)) for p in points]
              for i, points in enumerate(data.values())}
    plots = [f"${block(i)} using 1:2 with linespoints lw 2 pt 7 ps 0.8 lc rgb '{COLOURS[s]}'"
             f" title {quoted(s)}" for i, s in enumerate(data)]
    return draw(path, title, commands, blocks, plots)


def decade_ticks(rows):
    """A log scale that begins and ends at a whole decade, so that some ticks have labels."""
    low = min(r["median"] for r in rows if r["median"] > 0)
    high = max(r["median"] for r in rows)
    bottom, top = 1.0, 1.0
    while bottom > low:
        bottom /= 10
    while bottom * 10 <= low:
        bottom *= 10
    while top < high:
        top *= 10
    return ["set logscale y", f"set yrange [{bottom}:{top}]", "set mytics 10"]


def plot_orders(rows, platform, directory):
    mine = [r for r in rows if r["workload"] == "pair" and r["threads"] == 1]
    if len({r["order"] for r in mine}) < 2:
        return None
    orders = sorted({r["order"] for r in mine})
    return draw_curves(f"{directory}/{platform}-orders.png",
                       f"Allocate and free one block (pair), {platform}, {mine[0]['kernel']}",
                       mine, "order",
                       [*decade_ticks(mine), "set xlabel 'order'",
                        f"set ylabel {quoted(UNIT[mine[0]['unit']])}",
                        f"set xtics ({', '.join(map(str, orders))})"])


def of_single_pages(rows, workload, x):
    """What one thread measured of a workload at order 0, for a curve over x."""
    return [r for r in rows if r["workload"] == workload and r["order"] == 0 and
            r["threads"] == 1 and x in r]


def plot_outstanding(rows, platform, directory):
    mine = of_single_pages(rows, "outstanding", "n")
    if not mine:
        return None
    return draw_curves(f"{directory}/{platform}-outstanding.png",
                       f"Allocate N pages, then free them, {platform}, {mine[0]['kernel']}",
                       mine, "n",
                       ["set logscale x 2", "set xrange [0.8:10000]", *decade_ticks(mine),
                        "set xlabel 'N pages held'",
                        f"set ylabel {quoted(UNIT[mine[0]['unit']] + ' (a pair)')}"])


def plot_frag(rows, platform, directory):
    mine = of_single_pages(rows, "frag", "iteration")
    if not mine:
        return None
    return draw_curves(f"{directory}/{platform}-frag.png",
                       f"Whole 2 MiB blocks under churn (frag), {platform}, {mine[0]['kernel']}",
                       mine, "iteration",
                       ["set yrange [0:105]", "set xlabel 'iteration: 10 % freed and allocated anew'",
                        "set ylabel 'wholly free 2 MiB blocks, % of the ideal'"])


def ratio_rows(rows, order, threads):
    """[(workload, {subject: ratio})] for the bars."""
    out = []
    for first, group in groups(rows):
        if first["order"] != order or first["threads"] != threads or "n" in first:
            continue
        bars = {s: ratio(group, s) for s in ("pbuddy", "pbuddy-equal-prep")}
        if bars["pbuddy"] is not None:
            out.append((first["workload"], bars))
    return out


def plot_ratios(rows, platform, order, threads, directory):
    bars = ratio_rows(rows, order, threads)
    if not bars:
        return None
    lines = [" ".join([quoted(w)] + [str(b[s]) if b[s] else "NaN" for s in b]) for w, b in bars]
    top = max(1.15, min(max(v for _, b in bars for v in b.values() if v) * 1.1, 2.0))
    labels = [f"{i - 0.19} {min(b['pbuddy'], top * 0.95)} {b['pbuddy']:.2f}"
              for i, (_, b) in enumerate(bars)]
    cpus = "1 CPU" if threads == 1 else f"{threads} CPUs"
    title = f"Cost of an operation, alloc_pages = 1: order {order}, {cpus}, {platform}, {rows[0]['kernel']}"
    return draw(f"{directory}/{platform}-ratio-order{order}-cpus{threads}.png", title,
                ["set style data histograms", "set style histogram clustered gap 0.6",
                 "set style fill solid 0.9 noborder", "set boxwidth 0.9",
                 f"set yrange [0:{top}]", f"set xrange [-0.7:{len(bars) - 0.3}]",
                 "set xtics rotate by -40 noenhanced", "set ylabel 'ratio of medians'",
                 "set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 2 lc rgb '#c0392b'",
                 "set key top right inside horizontal"],
                {"bars": lines, "labels": labels},
                ["$bars using 2:xtic(1) lc rgb '" + COLOURS["pbuddy"] + "' title 'pbuddy'",
                 "$bars using 3 lc rgb '" + COLOURS["pbuddy-equal-prep"] +
                 "' title 'pbuddy-equal-prep'",
                 "$labels using 1:2:3 with labels offset 0,0.6 font ',9' notitle"],
                size=f"{max(900, 200 + 90 * len(bars))},560")


def plots(rows, directory):
    """Draw what the rows have enough for; the names of the files."""
    os.makedirs(directory, exist_ok=True)
    made = []
    for platform in dict.fromkeys(r["platform"] for r in rows):
        mine = [r for r in rows if r["platform"] == platform]
        made += [plot(mine, platform, directory)
                 for plot in (plot_orders, plot_outstanding, plot_frag)]
        for threads in sorted({r["threads"] for r in mine}):
            for order in (0, 3, 9):
                made.append(plot_ratios(mine, platform, order, threads, directory))
    return [m for m in made if m]
