"""The chronologie in a terminal: what is drawn, where, and what a real pseudo-terminal receives."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from timeline import samples
from timeline.strategies import moments, timelines

from labs import terminal
from labs.terminal import Lanes
from labs.terminal_compare import Comparison
from labs.timeline import cells, compare_words, metrics, replay, words
from labs.timeline.compare_words import Run
from labs.timeline.layout import layout
from labs.timeline.model import State

ROOT = Path(__file__).parents[2]


def printed(thing, width=100, height=40, **options):
    out = io.StringIO()
    Console(file=out, width=width, height=height, **options).print(thing)
    return out.getvalue()


def row_of(text, start, host):
    """The n-th line under a node's name."""
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if line.strip().startswith(host))
    return lines[first + start]


# -- what is drawn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [24, 40, 80, 200])
@pytest.mark.parametrize("make", samples.ALL)
def test_nothing_is_wider_than_the_terminal(make, width):
    for thing in (Lanes(make()), Lanes(replay.at(make(), 4.0), live=True), Comparison([Run("a", make()), Run("b", samples.polled())])):
        lines = printed(thing, width).splitlines()
        assert max(cell_len(line) for line in lines) <= width
        assert sum("node1" in line for line in lines) >= 1


@given(timelines(), moments, st.integers(12, 160))
def test_any_run_can_be_drawn(timeline, t, width):
    for thing in (Lanes(timeline), Lanes(replay.at(timeline, t), live=True)):
        assert max(cell_len(line) for line in printed(thing, width).splitlines()) <= width


def test_every_state_is_told_without_colour():
    text = printed(Lanes(samples.every_state()))
    for job in samples.every_state().jobs:
        if job.state is not State.RUNNING:
            assert words.GLYPHS[job.state] in text
        assert job.label in text
    assert "▼ nœud gelé" in text
    assert "▼ latence ajoutée" in text


def test_the_controller_is_above_its_jobs():
    text = printed(Lanes(samples.polled()))
    controller, job = row_of(text, 0, "node1"), row_of(text, 1, "node1")
    assert controller.count(cells.LAUNCH) == 1
    assert cells.BUSY in controller
    assert cells.POLL in controller
    assert cells.FOUND in controller
    assert "sleep 5" in job
    assert job.index(cells.FULL) > controller.index(cells.LAUNCH)
    assert job.rindex(cells.DELAY) > job.index("✓")


def test_lengths_follow_the_seconds():
    """Bars are where the axis says they are, to the cell."""
    timeline, width = samples.detached(), 120
    scene = layout(timeline)
    along = cells.axis(width, 0.0, timeline.end, running=False)
    (row,) = cells.lane(
        [item for item in scene.items if item.lane == 0 and item.row in {0, cells.CONTROLLER_ROW}], 1, along, timeline.end, False
    )[1:]
    job = timeline.on("node1")[0]
    drawn = [k for k, cell in enumerate(row.cells) if cell.role == job.state]
    assert (drawn[0], len(drawn)) == (
        int(job.start / timeline.end * width),
        pytest.approx((job.end - job.start) / timeline.end * width, abs=1),
    )


def test_a_running_bar_grows_by_eighths_of_a_cell():
    sizes = []
    for k in range(30):
        known = replay.at(samples.polled(), 3.0 + k / 60)
        row = row_of(printed(Lanes(known, live=True), width=90), 1, "node1").replace("┊", " ")
        tail = row.rstrip()[-1]
        sizes.append(row.rstrip().count(cells.FULL) * 8 + (cells.EIGHTHS.index(tail) if tail in cells.EIGHTHS else 0))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 10


def test_the_axis_of_a_run_under_way_stays_for_a_while():
    ticks = {row_of(printed(Lanes(replay.at(samples.batches(), t), live=True)), 9, "node1") for t in (10.0, 11.0, 12.0, 13.0)}
    assert len(ticks) == 1


def test_the_curve_is_as_high_as_the_jobs():
    timeline = samples.batches()
    row = cells.curve(layout(timeline).curve.points, cells.axis(100, 0.0, timeline.end, running=False), timeline.end)
    assert "█" in row.text
    assert row.text[0] == " "
    assert metrics.peak(timeline) == 6


def test_labels_do_not_cover_other_bars():
    text = printed(Lanes(samples.batches()), 120)
    assert text.count("sleep 5") == 3
    assert text.count("✓") == 15


# -- colours ------------------------------------------------------------------------------------------------------------


def test_colours_where_there_are_some():
    text = printed(Lanes(samples.polled()), force_terminal=True, color_system="truecolor")
    assert "\x1b[1;37;48;2;0;127;92m" in text  # white on the green of a job that went well


def test_no_color_is_obeyed(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(Lanes(samples.polled()), force_terminal=True)
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", text)
    assert "\x1b[7m" in text  # names over bars, in reverse video


# -- height -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(100, 8), (100, 12), (100, 24), (40, 14), (40, 24), (200, 60)])
@pytest.mark.parametrize("make", [samples.batches, samples.every_state, lambda: samples.crowd(60, 3), lambda: samples.crowd(10, 8)])
def test_a_live_view_fits_in_the_window(make, width, height):
    """With one line left for the cursor: a terminal that scrolls at each frame cannot be read."""
    known = replay.at(make(), 6.0)
    assert len(printed(Lanes(known, live=True), width, height).splitlines()) < height


def test_folded_nodes_show_how_many_jobs_and_what_failed():
    text = printed(Lanes(samples.crowd(40, 4)), 100)
    assert len([line for line in text.splitlines() if line.strip().startswith("node")]) == 40
    assert "✕" in text
    assert set("▄█") <= set(text)


def test_what_does_not_fit_is_said():
    known = replay.at(samples.crowd(60, 3), 3.0)
    assert "autres nœuds : agrandissez la fenêtre" in printed(Lanes(known, live=True), 100, 24)


# -- comparisons, tables ------------------------------------------------------------------------------------------------


def test_a_comparison_has_one_axis_and_the_first_run_on_top():
    text = printed(Comparison([Run("lots", samples.batches()), Run("sondé", samples.polled())]), 120)
    assert text.index("A · lots") < text.index("B · sondé") < text.index("Ce qui a retenu")
    assert len([line for line in text.splitlines() if re.match(r"\s+0\s+5\s+10\s+15\s+20\s+25", line)]) == 1


def test_bars_of_a_comparison_are_as_long_as_the_runs():
    runs = [Run("lots", samples.batches()), Run("sondé", samples.polled())]
    text = printed(Comparison(runs), 106)  # 100 columns of axis beside « node1 »
    second = next(line for line in text.splitlines() if line.startswith("    B "))
    drawn = second[6:].rstrip().removesuffix("10,0\u00a0s").rstrip()
    assert len(drawn) == round(10 / 28.4 * 100)


def test_a_table_keeps_its_words_whole():
    text = printed(terminal.table(words.HEADINGS, words.table(samples.polled()), words_first=2), 80)
    assert text.count("sleep 5") == 3
    assert text.count("réussi ✓") == 3


def test_units_stay_with_their_numbers():
    sentence = compare_words.versus(samples.batches(), samples.polled())
    for width in range(20, 60):
        lines = terminal.paragraph(sentence, width).plain.splitlines()
        assert " ".join(lines) == sentence
        assert not [line for line in lines if line.startswith("s ")]


# -- where ----------------------------------------------------------------------------------------------------------------


def test_lanes_are_for_terminals_that_can_draw_them(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.drawable(Console())
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.drawable(Console())
    monkeypatch.setenv("TERM", "xterm")
    Terminal.encoding = "latin-1"
    assert not terminal.drawable(Console())
    Terminal.encoding = "utf-8"
    monkeypatch.setattr(Terminal, "isatty", lambda _: False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # says how to write, not that there is a screen
    assert not terminal.drawable(Console())


FOLLOW = """
import sys, time
from rich.console import Console
from labs import terminal
from labs.timeline import replay, store

class Recorded:
    def __init__(self, timeline):
        self.recorded, self.began = timeline, time.monotonic()
    @property
    def t(self):
        return (time.monotonic() - self.began) * float(sys.argv[2])
    @property
    def alive(self):
        return self.t < self.recorded.end
    def timeline(self):
        return replay.at(self.recorded, self.t)

console = Console()
assert terminal.drawable(console)
try:
    terminal.follow(Recorded(store.read(sys.argv[1])), console)
except KeyboardInterrupt:
    print("interrompu")
print("fin")
"""


def spawned(rate):
    """A terminal in which a run of a dozen seconds is shown, ``rate`` times as fast."""
    recorded = str(ROOT / "notebooks" / "runs" / "00-chronologie.json")
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    return pexpect.spawn(
        sys.executable, ["-c", FOLLOW, recorded, str(rate)], env=environment, encoding="utf-8", dimensions=(24, 80), timeout=20
    )


def test_a_run_in_a_pseudo_terminal():
    child = spawned(6)
    child.expect("fin\r\n")
    seen = child.before
    child.expect(pexpect.EOF)
    clocks = list(dict.fromkeys(re.findall(r"(\d+,\d)\u00a0s …", seen)))
    assert len(clocks) > 5
    assert clocks == sorted(clocks, key=lambda clock: float(clock.replace(",", ".")))
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1  # the cursor is hidden, then given back
    assert seen.rindex("\x1b[2K") > seen.rindex("node3")  # and what was drawn is wiped: the final picture comes after Ansible's words


def test_interrupting_gives_the_terminal_back():
    child = spawned(1)  # where the cores are busy, it must not be over before the key is pressed
    child.expect("node3")
    child.sendintr()
    child.expect("interrompu")
    assert "\x1b[?25h" in child.before


def test_a_run_without_nodes_is_drawn():
    empty = replace(samples.sync(), hosts=(), jobs=(), blocks=())
    assert "aucun job vu" in printed(Lanes(empty))
