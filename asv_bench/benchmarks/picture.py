"""The picture in the README: ratio against speed, from saved results of `benchmarks.arrays`.

``python -m benchmarks.picture`` (in asv_bench) draws ``ratio_speed.svg`` in
``examples/pages/figures`` of ``arrays.json`` there, which is what ``python -m benchmarks.arrays
FOLDER --json`` has printed. Needs matplotlib.

The background is transparent. Text and axes take the colour that suits the reader's scheme, light
or dark, by a style sheet in the file.
"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
FIGURES = Path(__file__).parents[2] / "examples" / "pages" / "figures"
INK = "#010203"  # stands for the reader's colour of text
STYLE = """<style>
  :root { color: #222 } @media (prefers-color-scheme: dark) { :root { color: #ddd } }
</style>
"""
# Labels are where there is room for them: to the left of a line, or some points above or below.
LEFT = {"pcodec 12", "openzl"}
RAISED = {"ansflow 6": 5, "ansflow 3": -5}
# Name, label, colour of Okabe and Ito, marker.
SHOWN = [
    ("ansflow 1", "ansflow, level 1", "#d55e00", "o"),
    ("ansflow 3", "ansflow, level 3", "#d55e00", "o"),
    ("ansflow 6", "ansflow, level 6", "#d55e00", "o"),
    ("pcodec 8", "pcodec 8", "#0072b2", "s"),
    ("pcodec 12", "pcodec 12", "#0072b2", "s"),
    ("blosc2 zstd 5", "Blosc2, zstd 5", "#009e73", "^"),
    ("blosc2 lz4", "Blosc2, LZ4", "#009e73", "^"),
    ("openzl", "OpenZL", "#cc79a7", "D"),
    ("zstd 3", "zstd 3", "#56b4e9", "v"),
]


def draw(results: dict) -> Figure:
    """A line for each compressor, from the speed of its encoder to that of its decoder."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    means, count = results["means"], len(results["arrays"])
    figure = Figure(figsize=(6.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for name, label, colour, marker in SHOWN:
        if name not in means:
            continue
        ratio = means[name]["ratio"]
        speeds = [means[name]["encode MB/s"], means[name]["decode MB/s"]]
        axes.plot(speeds, [ratio] * 2, color=colour, linewidth=2.5, zorder=2)
        axes.plot(speeds[0], ratio, marker, color=colour, markersize=9, zorder=3)
        hollow = {"markerfacecolor": "white", "markeredgewidth": 2}
        axes.plot(speeds[1], ratio, marker, color=colour, markersize=9, zorder=3, **hollow)
        left = name in LEFT
        axes.annotate(
            label,
            (min(speeds) if left else max(speeds), ratio),
            xytext=(-9 if left else 9, RAISED.get(name, 0)),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            weight="bold" if "ansflow" in name else "normal",
        )
    axes.set_xscale("log")
    axes.set_xlabel("speed of one thread, MB/s")
    axes.set_ylabel(f"ratio, mean of {count} real arrays")
    ticks = [10, 30, 100, 300, 1000, 3000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    fastest = max(m["decode MB/s"] for n, m in means.items() if n in {s[0] for s in SHOWN})
    slowest = min(m["encode MB/s"] for n, m in means.items() if n in {s[0] for s in SHOWN})
    axes.set_xlim(slowest / 6, fastest * 5)
    axes.grid(alpha=0.25, color="gray")
    axes.spines[["top", "right"]].set_visible(False)
    ends = [
        Line2D([], [], color="gray", marker="o", markersize=9, linestyle="", label="encode"),
        Line2D(
            [], [], color="gray", marker="o", markersize=9, linestyle="", label="decode",
            markerfacecolor="white", markeredgewidth=2,
        ),
    ]  # fmt: skip
    axes.legend(handles=ends, loc="lower left", frameon=False)
    return figure


def main() -> None:
    import matplotlib as mpl

    results = json.loads((FIGURES / "arrays.json").read_text())
    ink = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    )
    with mpl.rc_context({**ink, "font.size": 12, "svg.hashsalt": "ansflow"}):
        text = StringIO()
        draw(results).savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue().replace(INK, "currentColor")
    svg = svg.replace("<defs>", STYLE + "<defs>", 1)
    (FIGURES / "ratio_speed.svg").write_text(svg)


if __name__ == "__main__":
    main()
