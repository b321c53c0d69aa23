#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: ctl_terminal.py TEST

Tests pbuddyctl on a terminal, which a shell script has not, and the pixels of its PNG. Each TEST is a
function below; it prints what differs and exits with 1. The caller has allocated: a process with one
buffer of 8 MiB and a process with three of 1 MiB.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import zlib

ESCAPE = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")
PAGE_SECONDS = 120


def check(good, text):
    if not good:
        print(f"# {text}")
        sys.exit(1)


class Terminal:
    """A program with a terminal of its own: pbuddyctl, unless PROGRAM says otherwise."""

    def __init__(self, *argv, program="pbuddyctl", rows=24, columns=80, **environment):
        self.output = ""
        self.rows = rows
        self.pid, self.fd = pty.fork()
        if not self.pid:
            self.resize(rows, columns, 0)
            os.environ.pop("COLUMNS", None)
            os.environ.pop("LD_LIBRARY_PATH", None)
            os.environ.update({"TERM": "xterm", "LC_ALL": "C", "NO_COLOR": ""}, **environment)
            os.execvp(program, (program,) + argv)

    def resize(self, rows, columns, fd=None):
        self.rows = rows
        fcntl.ioctl(self.fd if fd is None else fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """What is written until there is nothing for a moment; "" at the end, or when nothing comes."""
        if not select.select([self.fd], [], [], PAGE_SECONDS)[0]:
            return ""
        try:
            text = os.read(self.fd, 65536).decode()
        except OSError:
            return ""
        while select.select([self.fd], [], [], 0.3)[0]:
            try:
                more = os.read(self.fd, 65536).decode()
            except OSError:
                break
            if not more:
                break
            text += more
        return text

    def until(self, part):
        """What is written until that is in it, and for a moment after."""
        end = time.monotonic() + PAGE_SECONDS
        while part not in self.output:
            check(time.monotonic() < end, f"no {part!r} in {self.output!r}")
            self.output += self.read()
        text = self.output
        self.output = ""
        return text

    def page(self):
        """The lines of the next page that top draws, line by line: all rows, or down to what it clears."""
        text = self.until("\x1b[H")
        text = text[text.rindex("\x1b[H"):]
        while not text.endswith("\x1b[J") and text.count("\x1b[K") < self.rows:
            more = self.read()
            check(more, f"no end of the page in {text!r}")
            text += more
        return ESCAPE.sub("", text).split("\r\n")

    def key(self, text):
        os.write(self.fd, text.encode())

    def finish(self):
        """Everything else it writes, and its exit code."""
        text = self.output
        while more := self.read():
            text += more
        os.kill(self.pid, signal.SIGKILL)    # has no effect on a program that has ended
        return text, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def commands(page):
    """The numbers of buffers of the processes on a page of top."""
    start = next(i for i, line in enumerate(page) if "COMMAND" in line)
    return [int(line.split()[3]) for line in page[start + 1:] if line.strip()]


def fits(page, rows, columns):
    check(len(page) <= rows, f"{len(page)} lines in {rows}: {page}")
    for line in page:
        check(len(line) <= columns, f"{len(line)} columns in {columns}: {line!r}")


def top_keys():
    top = Terminal("top", "--interval", "3600")
    page = top.page()
    fits(page, 24, 80)
    check(commands(page) == [1, 3], f"not by size: {page}")
    for key, order in ("b", [3, 1]), ("s", [1, 3]), ("p", [1, 3]), ("u", [1, 3]):
        top.key(key)
        page = top.page()
        check(commands(page) == order, f"after {key}: {page}")
    top.key("-")
    check("every 1800 s" in top.page()[0], "- does not halve the interval")
    top.key("+")
    check("every 3600 s" in top.page()[0], "+ does not double the interval")
    top.key("q")
    text, status = top.finish()
    check(status == 0 and "\x1b[?1049l" in text and "\x1b[?25h" in text, f"q: {status} {text!r}")


def top_resized():
    top = Terminal("top", "--interval", "3600")
    fits(top.page(), 24, 80)
    for rows, columns in (6, 30), (40, 120), (1, 1):
        top.resize(rows, columns)
        page = top.page()
        fits(page, rows, columns)
        check(page[0].startswith("p"), f"no title: {page}")
        check(rows < 40 or commands(page) == [1, 3], f"{page}")
    os.kill(top.pid, signal.SIGINT)
    text, status = top.finish()
    check(status == 0 and "\x1b[?1049l" in text, f"SIGINT: {status} {text!r}")


def top_restores():
    """The modes of the terminal are as before, also after a signal."""
    for end in "q", "\x1c", signal.SIGTERM:
        top = Terminal("top", "--interval", "3600")
        top.page()
        check(not termios.tcgetattr(top.fd)[3] & termios.ICANON, "no single keys")
        if isinstance(end, str):
            top.key(end)
        else:
            os.kill(top.pid, end)
        while top.read():
            pass
        time.sleep(0.5)
        try:
            modes = termios.tcgetattr(top.fd)[3]
        except termios.error:
            continue
        check(modes & termios.ICANON and modes & termios.ECHO, f"modes {modes:x} after {end!r}")


def top_stops():
    """Ctrl-Z gives the terminal back to the shell, and fg takes it again; Ctrl-\\ ends."""
    shell = Terminal("-c", "set -m; pbuddyctl top --interval 3600; echo stopped $?; read -r x; fg; echo ended $?",
                     program="sh")
    shell.page()
    shell.key("\x1a")
    text = shell.until("stopped 148")
    check("\x1b[?25h\x1b[?1049l" in text, f"Ctrl-Z: {text!r}")
    modes = termios.tcgetattr(shell.fd)[3]
    check(modes & termios.ICANON and modes & termios.ECHO, f"modes {modes:x} after Ctrl-Z")
    shell.key("\n")
    text = shell.until("\x1b[H")
    check("\x1b[?1049h\x1b[?25l" in text, f"fg: {text!r}")
    check(not termios.tcgetattr(shell.fd)[3] & termios.ICANON, "no single keys after fg")
    shell.key("\x1c")
    text = shell.until("ended 0")
    check("\x1b[?25h\x1b[?1049l" in text, f"Ctrl-\\: {text!r}")
    check(shell.finish()[1] == 0, "sh failed")


def frag_on_terminal():
    for environment, color, bars in (({}, True, False), ({"NO_COLOR": "1"}, False, False),
                                     ({"LC_ALL": "C.UTF-8"}, True, True), ({"TERM": "dumb"}, False, False)):
        text, status = Terminal("frag", **environment).finish()
        check(status == 0, f"frag: {status}")
        check(("\x1b[32m" in text) == color, f"colour in {environment}: {text!r}")
        check(("\u2588" in text) == bars, f"bars in {environment}: {text!r}")
        fits(ESCAPE.sub("", text).split("\r\n"), 100, 80)


def compact_progress():
    text, status = Terminal("compact").finish()
    check(status == 0 and "pages moved ..." in text, f"{status} {text!r}")
    check(re.search(r"\x1b\[Kall nodes: \d+ pages moved, free pageblocks of 2M: \d+ before, \d+ after\r\n$", text),
          f"{text!r}")


def resize(size, *options, most=0):
    """What is written, and the lines of progress in it; the exit code is at most that."""
    text, status = Terminal("resize", "0", size, *options).finish()
    check(0 <= status <= most, f"{status} {text!r}")
    return text, re.findall(r"\rnode 0: ([0-9.]+[KMG]?), (\S+) wanted \.\.\.\x1b\[K", text)


def resize_progress():
    """The size before. Sizes on the way follow if it takes long enough, so these are printed only."""
    on_the_way = 0
    for _ in range(5):
        text, lines = resize("16M")
        check(lines and lines[0] == ("64M", "16M"), f"{lines} {text!r}")
        check(text.endswith("\r\x1b[Knode 0: 16M, was 64M, maximum 16M\r\n"), f"{text!r}")
        check("..." not in resize("64M", "--json")[0], "progress with --json")
        resize("16M")
        on_the_way += len(lines) > 1
        _, lines = resize("256M", most=1)    # the kernel may not have as much
        check(lines[0] == ("16M", "256M"), f"{lines}")
        on_the_way += len(lines) > 1
        resize("64M")
        if on_the_way:
            break
    print("# sizes on the way:", on_the_way)
    text, status = Terminal("resize", "0", "100T").finish()
    check(status == 1 and "\x1b[Kpbuddyctl: node 0 not resized: Invalid argument" in text, f"{status} {text!r}")


def chunks(png):
    check(png[:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    at = 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + size]
        crc, = struct.unpack(">I", png[at + 8 + size:at + 12 + size])
        check(crc == zlib.crc32(name + data), f"CRC of {name}")
        yield name, data
        at += 12 + size


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def rows(data, width, height):
    """The rows of an image with a byte for a pixel."""
    raw, above = zlib.decompress(data), bytes(width)
    check(len(raw) == (width + 1) * height, f"{len(raw)} bytes of pixels")
    for y in range(height):
        kind, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            a, b, c = (line[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            line[x] = (line[x] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255
        above = bytes(line)
        yield above


def frag_zones():
    check(os.system("env -u LD_LIBRARY_PATH pbuddyctl frag --json >/tmp/frag.json") == 0, "frag --json")
    with open("/tmp/frag.json", encoding="utf-8") as file:
        return json.load(file)["zones"]


def png_pixels():
    """Each pageblock has 4 x 4 pixels of the colour that its type and fullness say."""
    types = ["unmovable", "movable", "reclaimable", "highatomic", "cma", "isolated"]
    zones = frag_zones()
    for _ in range(60):    # the module may move pages from a cache between the two commands
        check(os.system("env -u LD_LIBRARY_PATH pbuddyctl frag --png /tmp/frag.png") == 0, "frag --png")
        before, zones = zones, frag_zones()
        if before == zones:
            break
    with open("/tmp/frag.png", "rb") as file:
        parts = list(chunks(file.read()))
    width, height, depth, color = struct.unpack(">IIBB", parts[0][1][:10])
    check((parts[0][0], width, depth, color) == (b"IHDR", 512, 8, 3), f"{parts[0]}")
    palette = dict(parts)[b"PLTE"]
    check(len(palette) == 3 * 55 and palette[:3] == b"\xff\xff\xff", f"palette {palette!r}")
    image = list(rows(b"".join(data for name, data in parts if name == b"IDAT"), width, height))
    y = seen = 0
    for zone in zones:
        for i, block in enumerate(zone["pageblocks"]):
            want = 1 + types.index(block["type"]) * 9 + (512 - block["free_pages"]) * 8 // 512 + \
                ((512 - block["free_pages"]) * 8 % 512 > 0)
            x, row = i % 128 * 4, y + i // 128 * 4
            for line in image[row:row + 4]:
                check(line[x:x + 4] == bytes([want]) * 4, f"pageblock {i}: {line[x:x + 4]} not {want}")
            seen += block["free_pages"] == 0
        y += (len(zone["pageblocks"]) + 127) // 128 * 4
        check(set(image[y]) == {0}, f"no line between the zones at {y}")
        y += 4
    check(y == height and seen >= 4, f"{height} rows, {seen} full pageblocks")


{test.__name__: test for test in (top_keys, top_resized, top_restores, top_stops, frag_on_terminal,
                                  compact_progress, resize_progress, png_pixels)}[sys.argv[1]]()
