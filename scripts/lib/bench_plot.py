# SPDX-License-Identifier: GPL-2.0-only
"""Measurements as PNG plots, drawn by gnuplot."""

import os
import subprocess

from bench_rows import SUBJECTS, groups, ratio, select

PALETTE = ["#1b6ca8", "#7fb8e6", "#c0392b", "#e08e79", "#8e5a4f", "#5d8a3a", "#8a63b5", "#888888"]
COLOURS = dict(zip(SUBJECTS, PALETTE * 2))
UNIT = {"instructions": "instructions per operation", "ns/op": "ns per operation"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def draw(path, title, commands, blocks, plots, size="1000,620"):
    """One plot: named data blocks, and the plot commands for them."""
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


def draw_curves(path, title, rows, x, commands):
    """The median over x, a curve for each subject."""
    curves = {s: sorted((r[x], r["median"]) for r in select(rows, subject=s)) for s in SUBJECTS}
    curves = {s: points for s, points in curves.items() if points}
    blocks = {f"d{i}": [f"{at} {median}" for at, median in points]
              for i, points in enumerate(curves.values())}
    plots = [f"$d{i} using 1:2 with linespoints lw 2 pt 7 ps 0.8 lc rgb '{COLOURS[s]}'"
             f" title {quoted(s)}" for i, s in enumerate(curves)]
    return draw(path, title, commands, blocks, plots)


def decade_ticks(rows):
    """A log scale whose ends are powers of ten, so that some ticks have labels."""
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


def plot_curves(rows, platform, directory):
    """pair over the order, outstanding over n, frag over the iteration."""
    where = f"{platform}, {rows[0]['kernel']}"
    one = select(rows, threads=1)
    pair = select(one, workload="pair")
    if len({r["order"] for r in pair}) > 1:
        yield draw_curves(f"{directory}/{platform}-orders.png",
                          f"Allocate and free one block (pair), {where}", pair, "order",
                          [*decade_ticks(pair), "set xlabel 'order'",
                           f"set ylabel {quoted(UNIT[pair[0]['unit']])}",
                           f"set xtics ({', '.join(map(str, sorted({r['order'] for r in pair})))})"])
    held = [r for r in select(one, workload="outstanding", order=0) if "n" in r]
    if held:
        yield draw_curves(f"{directory}/{platform}-outstanding.png",
                          f"Allocate N pages, then free them, {where}", held, "n",
                          ["set logscale x 2", "set xrange [0.8:10000]", *decade_ticks(held),
                           "set xlabel 'N pages held'",
                           f"set ylabel {quoted(UNIT[held[0]['unit']] + ' (a pair)')}"])
    frag = [r for r in select(one, workload="frag", order=0) if "iteration" in r]
    if frag:
        yield draw_curves(f"{directory}/{platform}-frag.png",
                          f"Free 2 MiB blocks under random replacement (frag), {where}", frag, "iteration",
                          ["set yrange [0:105]",
                           "set xlabel 'iteration: 10 % freed and allocated again'",
                           "set ylabel 'free 2 MiB blocks, % of the ideal'"])


def ratio_rows(rows, order, threads):
    """[(workload, {subject: ratio})] for the bars."""
    bars = [(first["workload"], {s: ratio(group, s) for s in ("pbuddy", "pbuddy-equal-prep")})
            for first, group in groups(select(rows, order=order, threads=threads, n=None))]
    return [(workload, b) for workload, b in bars if b["pbuddy"] is not None]


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
    """Draws the plots that the rows suffice for; returns their files."""
    os.makedirs(directory, exist_ok=True)
    made = []
    for platform in dict.fromkeys(r["platform"] for r in rows):
        mine = select(rows, platform=platform)
        made += plot_curves(mine, platform, directory)
        made += [plot_ratios(mine, platform, order, threads, directory)
                 for threads in sorted({r["threads"] for r in mine}) for order in (0, 3, 9)]
    return [m for m in made if m]
