import io
import sys
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from timeline import samples
from timeline.strategies import timelines

from labs.errors import LabError
from labs.timeline import figure, layout, plot
from labs.timeline.scene import Limit


def texts(fig):
    return [text.get_text() for axes in fig.axes for text in axes.texts if text.get_text()] + [text.get_text() for text in fig.texts]


def boxes(fig):
    """Boxes, in pixels, of the texts written on the lanes."""
    fig.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent()) for text in fig.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("make", samples.ALL)
def test_no_text_runs_into_another_or_out_of_the_picture(make):
    fig = figure.figure(make(), limit=Limit(per_node=2, deadline=9), forecast=7.0, ideal=5.0)
    found = boxes(fig)
    assert found
    for number, (text, box) in enumerate(found):
        assert box.x0 >= 0, text
        assert box.x1 <= fig.bbox.x1, text
        for other, place in found[number + 1 :]:
            assert not box.shrunk(0.98, 0.8).overlaps(place.shrunk(0.98, 0.8)), (text, other)


@pytest.mark.parametrize("make", samples.ALL)
def test_heading_fits_the_width(make):
    fig = figure.figure(make())
    fig.draw_without_rendering()
    assert all(text.get_window_extent().x1 <= fig.bbox.x1 for text in fig.texts)


def test_first_node_is_on_top():
    axes = figure.figure(samples.sync()).axes[0]
    places = {
        label.get_text(): axes.transData.transform((0, y))[1] for label, y in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
    }
    assert places["node1"] > places["node2"] > places["node3"]


def test_words_and_numbers_are_french():
    fig = figure.figure(samples.batches(), limit=Limit(per_node=2, deadline=26), forecast=11.5, ideal=11)
    told = [text.replace("\u00a0", " ") for text in texts(fig)]
    assert "prévision : 11,5 s" in told
    assert "échéance : 26 s" in told
    assert "limite : 2" in told
    assert any(text.startswith("28,4 s · idéal 11 s") for text in told)
    fig.draw_without_rendering()
    short = figure.figure(samples.crowd(2, 1))
    short.draw_without_rendering()
    assert any("," in label.get_text() for label in short.axes[1].get_xticklabels())


@pytest.mark.parametrize(("span", "step"), [(5, 0.5), (9, 1), (29, 2), (60, 5), (150, 10), (400, 30), (900, 60), (1e6, 3600)])
def test_ticks_are_readable(span, step):
    assert plot.tick_step(span) == step


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")])
def test_files(tmp_path, suffix, start):
    path = tmp_path / f"figure{suffix}"
    figure.save(samples.cut(), path, title="Coupure")
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.png.txt"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(LabError, match="Format d’image inconnu") as caught:
        figure.save(samples.cut(), tmp_path / name)
    assert ".svg" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(LabError, match="Impossible d’écrire"):
        figure.save(samples.cut(), tmp_path / "absent" / "f.png")


def test_ground_is_white_and_every_state_has_its_colour():
    picture = io.BytesIO()
    figure.figure(samples.every_state()).savefig(picture, format="png")
    picture.seek(0)
    pixels = (matplotlib.image.imread(picture)[:, :, :3] * 255).round().astype(int)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    for color in (figure.palette.STATES[state] for state in figure.palette.STATES if state != "unconfirmed"):
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.any(np.all(pixels == wanted, axis=2)), color


def test_artists_do_not_grow_with_jobs():
    """What keeps a thousand jobs on fifty nodes quick to draw (benchmarks/figure.py)."""
    few, many = figure.figure(samples.crowd(50, 3)), figure.figure(samples.crowd(50, 20))
    assert len(many.axes[0].get_children()) <= len(few.axes[0].get_children()) + 5


def test_a_shell_s_dollars_are_no_mathematics():
    """A title or a label with two dollars would be read as a formula, and refused."""
    run = samples.sync()
    text = 'for n in $(seq 3); do echo "ligne $n"'
    dollars = replace(run, title=text, jobs=tuple(replace(job, label=text) for job in run.jobs))
    figure.figure(dollars).savefig(io.BytesIO(), format="png")


def test_pyplot_stays_out():
    code = "import sys, labs.timeline.figure; sys.exit('matplotlib.pyplot' in sys.modules)"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None, max_examples=25)
@given(timelines())
def test_anything_can_be_drawn(timeline):
    figure.draw(layout.layout(timeline)).draw_without_rendering()
