import time

import pytest
from timeline import samples

from labs.errors import LabError
from labs.timeline import compare_figure, metrics
from labs.timeline.compare import Cause
from labs.timeline.compare_words import Run

TWO = [Run("lots", samples.batches()), Run("détaché", samples.detached())]


def parts(figure):
    """The lanes of each run, from top to bottom, and the bars."""
    *lanes, bars = sorted(figure.axes, key=lambda axes: -axes.get_position().y0)
    return lanes, bars


def test_the_axis_is_shared_and_the_first_run_is_on_top():
    lanes, bars = parts(compare_figure.figure(TWO))
    assert {axes.get_xlim() for axes in (*lanes, bars)} == {bars.get_xlim()}
    assert bars.get_xlim()[1] > samples.batches().end
    ends = [axes.lines[-1].get_xdata()[0] for axes in lanes]
    assert ends == [metrics.makespan(run.timeline) for run in TWO]
    for axes in lanes:
        assert [label.get_text() for label in axes.get_yticklabels()] == list(samples.HOSTS)
        assert axes.yaxis_inverted()  # the first node on top


def test_bars_are_as_long_as_the_runs():
    _, bars = parts(compare_figure.figure(TWO))
    widths = [patch.get_width() for patch in bars.patches]
    assert len(widths) == 2 * len(Cause)
    assert sum(widths[: len(Cause)]) == pytest.approx(28.4)
    assert sum(widths[len(Cause) :]) == pytest.approx(9.8)


def test_totals_are_written_beside_the_bars_and_inside_the_frame():
    figure = compare_figure.figure(TWO)
    _, bars = parts(figure)
    renderer = figure.canvas.get_renderer()
    totals = [text for text in bars.texts if text.get_fontweight() == "bold"]
    assert [text.get_text().replace("\u00a0", " ") for text in totals] == ["28,4 s", "9,8 s (18,6 s de moins)"]
    for text in totals:
        assert text.get_window_extent(renderer).x1 <= bars.get_window_extent(renderer).x1


def test_causes_are_told_by_more_than_colour():
    looks = list(compare_figure.LOOKS.values())
    assert len({(look.face, look.hatch) for look in looks}) == len(Cause)
    assert len([look for look in looks if look.hatch]) == 2


def test_nothing_is_cut_off():
    figure = compare_figure.figure([Run("x" * 30, make()) for make in samples.ALL])
    figure.canvas.draw()  # legends find their places
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    for text in [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]:
        box = text.get_window_extent(renderer)
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_files(tmp_path, suffix, start):
    compare_figure.save(TWO, tmp_path / f"x{suffix}")
    assert (tmp_path / f"x{suffix}").read_bytes().startswith(start)


def test_files_that_cannot_be(tmp_path):
    with pytest.raises(LabError, match="Format d’image inconnu"):
        compare_figure.save(TWO, tmp_path / "x.gif")
    with pytest.raises(LabError, match="Impossible d’écrire"):
        compare_figure.save(TWO, tmp_path / "nowhere" / "x.png")
    with pytest.raises(LabError, match="de 2 à 6"):
        compare_figure.save(TWO[:1], tmp_path / "x.png")


def test_six_large_runs_are_drawn_in_seconds():
    runs = [Run(f"{k}", samples.crowd(10, 10, seed=k)) for k in range(6)]
    start = time.monotonic()
    compare_figure.figure(runs).canvas.draw()
    assert time.monotonic() - start < 10
