"""A chart of ratios as SVG: two bars a row, one for speed and one for size."""

import math
from xml.sax.saxutils import escape

WIDTH = 1180
BARS = 590  # where the labels end and the bars begin
SPEED = 300  # width of the speed panel
SIZE_START = BARS + SPEED + 70
SIZE = WIDTH - SIZE_START - 75
ROW = 22
TOP = 120
SLOWEST, FASTEST = 0.25, 64  # ends of the speed scale, which is logarithmic
LARGEST = 1.25  # end of the size scale

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 18px; font-weight: 600 }
.group { font-weight: 600 }
.note, .tick { fill: #57606a; font-size: 11px }
.label { text-anchor: end }
.tick { text-anchor: middle }
.paper { fill: #ffffff }
.grid { stroke: #d0d7de }
.one { stroke: #24292f }
.better { fill: #2f7d4f }
.worse { fill: #b35900 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note, .tick { fill: #9198a1 }
.paper { fill: #0d1117 }
.grid { stroke: #30363d }
.one { stroke: #e6edf3 }
.better { fill: #4cae78 }
.worse { fill: #e08a3c }
}
"""


def speed_x(value):
    value = min(max(value, SLOWEST), FASTEST)
    return BARS + SPEED * math.log(value / SLOWEST) / math.log(FASTEST / SLOWEST)


def size_x(value):
    return SIZE_START + SIZE * min(value, LARGEST) / LARGEST


def text(x, y, words, style=None):
    attribute = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attribute}>{escape(words)}</text>'


def line(x, top, bottom, style):
    return f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" class="{style}"/>'


def bar(start, end, y, better):
    left, width = min(start, end), max(abs(end - start), 1)
    style = "better" if better else "worse"
    return f'<rect x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="{ROW - 8}" class="{style}"/>'


def row(y, label, ratio):
    parts = [text(BARS - 10, y + 15, label, "label")]
    speed = ratio["speed"]
    parts.append(bar(speed_x(1), speed_x(speed), y, speed >= 1))
    parts.append(text(max(speed_x(speed), speed_x(1)) + 5, y + 15, f"{speed:.2f}x"))
    if "size" in ratio:
        size = ratio["size"]
        parts.append(bar(SIZE_START, size_x(size), y, size <= 1))
        parts.append(text(size_x(size) + 5, y + 15, f"{100 * size:.1f} %"))
    return parts


def axes(bottom):
    parts = [text(BARS, TOP - 28, "speed: how many times as fast", "group"),
             text(SIZE_START, TOP - 28, "size of the output", "group")]
    for value in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64):
        parts.append(line(speed_x(value), TOP - 4, bottom, "one" if value == 1 else "grid"))
        parts.append(text(speed_x(value), TOP - 10, f"{value:g}x", "tick"))
    for percent in (0, 50, 100):
        x = size_x(percent / 100)
        parts.append(line(x, TOP - 4, bottom, "one" if percent == 100 else "grid"))
        parts.append(text(x, TOP - 10, f"{percent} %", "tick"))
    return parts


def draw(title, notes, groups):
    """The whole chart; `groups` are (heading, [(label, ratio)]), `notes` lines below the title."""
    rows = []
    y = TOP
    for heading, entries in groups:
        rows.append(text(12, y + 16, heading, "group"))
        y += ROW
        for label, ratio in entries:
            rows += row(y, label, ratio)
            y += ROW
        y += ROW // 2
    height = y + 10
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" class="paper"/>', text(12, 26, title, "title")]
    head += [text(12, 44 + 14 * number, note, "note") for number, note in enumerate(notes)]
    return "\n".join(head + axes(y) + rows + ["</svg>", ""])
