# mypy: disable-error-code="no-untyped-call, no-any-return"
# (neither ipywidgets nor IPython is typed)
"""The few ipywidgets that the panels are made of, with what each needs to be usable by keyboard and by ear, and to fit a narrow page.

Text buttons and number fields, rather than sliders and toggles: ipywidgets gives those no accessible name or state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.display import display
from ipywidgets.widgets.widget_box import HBox, VBox
from ipywidgets.widgets.widget_button import Button
from ipywidgets.widgets.widget_float import BoundedFloatText
from ipywidgets.widgets.widget_int import BoundedIntText
from ipywidgets.widgets.widget_selection import Dropdown
from ipywidgets.widgets.widget_string import HTML, Text, Textarea

from labs.notebook import background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from IPython.display import DisplayHandle

_WRITTEN = {"style": {"description_width": "initial"}, "layout": {"width": "min(100%, 420px)", "flex_flow": "column"}}
_LABELLED = {"style": {"description_width": "initial"}, "layout": {"width": "220px"}}


def html(text: str = "") -> HTML:
    return HTML(text)


def button(label: str, work: Callable[[], Coroutine[Any, Any, None]], *, main: bool = False, disabled: bool = False) -> Button:
    """A button that starts ``work`` on the kernel's loop; ``main`` for the one that the eye should find first."""
    made = Button(description=label, button_style="primary" if main else "", disabled=disabled, layout={"width": "auto"})
    made.on_click(lambda _: background.start(work()))
    return made


def whole(label: str, value: int, least: int, most: int) -> BoundedIntText:
    return BoundedIntText(value=value, min=least, max=most, description=label, **_LABELLED)


def decimal(label: str, most: float, step: float) -> BoundedFloatText:
    return BoundedFloatText(min=0, max=most, step=step, description=label, **_LABELLED)


def choice(label: str, options: Mapping[str, Any]) -> Dropdown:
    """A list to choose from: what each entry is called, and the value that it stands for."""
    return Dropdown(options=tuple(options.items()), description=label, style={"description_width": "initial"}, layout={"width": "auto"})


def text(label: str) -> Text:
    """One line to write in; its label stands above it."""
    return Text(description=label, **_WRITTEN)


def lines(label: str, rows: int) -> Textarea:
    """Several lines to write in; their label stands above them."""
    return Textarea(description=label, rows=rows, **_WRITTEN)


def row(*widgets: Any) -> HBox:
    return HBox(widgets, layout={"flex_flow": "row wrap"})


def column(*widgets: Any) -> VBox:
    return VBox(widgets)


def fill(box: VBox, widgets: Sequence[Any]) -> None:
    box.children = tuple(widgets)


def place(still: dict[str, Any], widget: VBox | None = None, metadata: dict[str, Any] | None = None) -> DisplayHandle:
    """Show a widget in the cell's output, with ``still`` for readers that know no widget; or ``still`` alone.

    ``metadata`` stay in the notebook with the output, and are not shown.
    """
    return display(view(still, widget), raw=True, display_id=True, metadata=metadata or {})


def view(still: dict[str, Any], widget: VBox | None) -> dict[str, Any]:
    """The output that shows ``widget`` where there are widgets, and ``still`` elsewhere."""
    return {**(widget._repr_mimebundle_() if widget else {}), **still}
