"""How soon « Et si… ? » is redrawn: from a slider's move to the screen, in a real JupyterLab and a real Chromium.

Each move goes the whole way: slider, kernel, simulation, layout, what changed, page. The target is 50 ms.

    python benchmarks/whatif.py [SCENARIO …]
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from page import milliseconds, notebook, quantile, run_next
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
TARGET = 50.0  # milliseconds
MOVES = 60

CELL = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
from labs.notebook import what_if
what_if({{scenario!r}})
"""
# Moves the first slider back and forth; the title, which tells its value, has changed when the whole chart has.
MOVE = """async (moves) => {
  const input = document.querySelector('.cs-input'), title = document.querySelector('.cp-title');
  const [least, most] = [Number(input.min), Number(input.max)], times = [];
  for (let k = 0; k < moves; k++) {
    const value = least + (k * 3 + 1) % (most - least + 1);
    if (value === Number(input.value)) continue;
    const began = performance.now();
    const painted = new Promise((done) => {
      const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now())));
      });
      watch.observe(title, {childList: true, characterData: true, subtree: true});
    });
    input.value = value;
    input.dispatchEvent(new Event('input', {bubbles: true}));
    times.push(await painted - began);
    await new Promise((done) => setTimeout(done, 60));
  }
  return times;
}"""


def main() -> None:
    for scenario in sys.argv[1:] or ("sondage", "lots", "forks"):
        times = measured(scenario)
        p95 = milliseconds(quantile(times, 0.95))
        print(f"{scenario:<10} {len(times)} moves   p50 {milliseconds(statistics.median(times))}   p95 {p95}   (≤ {TARGET:.0f} ms)")


def measured(scenario: str) -> list[float]:
    """Milliseconds of each move."""
    with notebook([CELL.format(scenario=scenario)]) as page:
        return moved(page)


def moved(page: Page) -> list[float]:
    run_next(page)
    page.wait_for_selector(".cs-input", timeout=60_000)
    page.wait_for_selector(".cp-bar", timeout=30_000)
    times: list[float] = page.evaluate(MOVE, MOVES)
    return times


if __name__ == "__main__":
    main()
