"""How long a crowded figure takes: 1,000 jobs over 50 nodes, laid out, drawn and written as PNG. The target is 1.5 s.

    python benchmarks/figure.py [--rounds N]

The first drawing, which finds the fonts, is said apart.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from timeline import samples

from labs.timeline import figure, plot

TARGET = 1.5  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    timeline = samples.crowd(50, 20)
    spent = [_draw(timeline) for _ in range(rounds)]
    print(
        f"{len(timeline.jobs)} jobs, {len(timeline.hosts)} nodes: first {spent[0]:.2f} s, median {statistics.median(spent):.2f} s, worst {max(spent):.2f} s"
    )
    return int(statistics.median(spent) > TARGET)


def _draw(timeline: samples.Timeline) -> float:
    began = time.perf_counter()
    figure.figure(timeline).savefig(io.BytesIO(), format="png", dpi=plot.DPI)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
