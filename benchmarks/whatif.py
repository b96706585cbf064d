"""How soon « Et si… ? » is redrawn: from a slider's move to the screen, in a real JupyterLab and a real Chromium.

Each move goes the whole way: slider, kernel, simulation, layout, what changed, page. The target is 50 ms.

    python benchmarks/whatif.py [SCENARIO …]
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from live import FLAGS, READY, ROOT, milliseconds, quantile, start_lab
from playwright.sync_api import Page, sync_playwright

from labs.jupyter import SETTINGS

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
    folder = Path(tempfile.mkdtemp(prefix="contrepoint-whatif-"))
    cell = {"cell_type": "code", "source": CELL.format(scenario=scenario), "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (folder / "live.ipynb").write_text(
        json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8"
    )
    # Without the course's own settings, callbacks run on another thread, later.
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_lab_config.json").write_text(
        json.dumps({"LabApp": {"app_settings_dir": str(SETTINGS)}}), encoding="utf-8"
    )
    lab, address = start_lab(folder)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(address)
            page.wait_for_function(READY, timeout=60_000)
            return moved(page)
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def moved(page: Page) -> list[float]:
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.wait_for_selector(".cs-input", timeout=60_000)
    page.wait_for_selector(".cp-bar", timeout=30_000)
    times: list[float] = page.evaluate(MOVE, MOVES)
    return times


if __name__ == "__main__":
    main()
