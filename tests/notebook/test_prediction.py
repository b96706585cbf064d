"""The learner's forecast: what the widget keeps, and what is said of it afterwards."""

import asyncio

import pytest

from labs import paths
from labs.notebook import prediction
from labs.notebook.prediction import Forecast, Prediction


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path / "travail")
    return tmp_path / "travail"


@pytest.mark.parametrize(
    ("forecast", "actual", "said"),
    [
        (Forecast(8), 8.3, "Vous aviez prévu 8\u00a0s\u00a0; il a fallu 8,3\u00a0s. Bien vu\u00a0!"),
        (Forecast(6.5), 9.6, "Vous aviez prévu 6,5\u00a0s\u00a0; il a fallu 9,6\u00a0s, soit 3,1\u00a0s de plus."),
        (Forecast(18), 8, "Vous aviez prévu 18\u00a0s\u00a0; il a fallu 8\u00a0s, soit 10\u00a0s de moins."),
        (Forecast(3, "nœuds"), 2, "Vous aviez prévu 3\u00a0nœuds\u00a0; il y en a 2, soit 1\u00a0nœud de moins."),
        (Forecast(2, "nœuds"), 2, "Vous aviez prévu 2\u00a0nœuds\u00a0; il y en a 2. Bien vu\u00a0!"),
    ],
)
def test_a_forecast_is_compared_in_words(forecast, actual, said):
    assert forecast.compared(actual) == said


def test_the_widget_keeps_the_forecast_and_finds_it_again(work):
    widget = Prediction("Combien de temps ?", key="01-essai")
    widget.field.value = 7.5
    asyncio.run(widget.keep())
    assert "7,5" in widget.message.value
    assert prediction.saved("01-essai") == Forecast(7.5)
    assert Prediction("Combien de temps ?", key="01-essai").field.value == 7.5
    assert [path.name for path in (work / "previsions").iterdir()] == ["01-essai.json"], "no draft is left behind"


def test_a_button_starts_the_work(work):
    async def click():
        widget = Prediction("Combien de temps ?", key="01-essai")
        widget.field.value = 4
        widget.button.click()
        await asyncio.sleep(0)

    asyncio.run(click())
    assert prediction.saved("01-essai") == Forecast(4)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"value": 3, "color": "red"}'])
def test_a_spoilt_file_is_no_forecast(work, content):
    (work / "previsions").mkdir(parents=True)
    (work / "previsions" / "01-essai.json").write_text(content)
    assert prediction.saved("01-essai") is None


def test_a_folder_that_cannot_be_written_is_told(work):
    work.write_text("a file where the folder should be")
    widget = Prediction("Combien de temps ?", key="01-essai")
    asyncio.run(widget.keep())
    assert "n’a pas pu être gardée" in widget.message.value


def test_a_key_names_a_file_and_nothing_else():
    with pytest.raises(ValueError, match="forecast key"):
        prediction.saved("../ailleurs")
