"""YAML read without running anything, and its errors in words."""

from __future__ import annotations

from typing import Any

import yaml

from labs.errors import LabError

NBSP = "\u00a0"


MOST_VALUES = 100_000
MOST_DIGITS = 1000
NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


class YamlError(LabError):
    """A text that is not YAML: the message holds the place, the remedy what is usually wrong there.

    ``line`` and ``column`` count from 1; they are 0 when the place is not known.
    """

    def __init__(self, message: str, remedy: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message, remedy)
        self.line = line
        self.column = column


class _Loader(yaml.SafeLoader):
    """Safe YAML in which Ansible's own tags (``!vault``, ``!unsafe``) stand for their plain value, and none that grows without end."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _values_in(node, {}) > MOST_VALUES:
            raise _GrowingError
        return node


class _GrowingError(Exception):
    """A text whose aliases make more of it than anybody has written."""


def _values_in(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values a node holds, each as often as aliases repeat it; infinity for one that holds itself."""
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > MOST_DIGITS and node.tag in NUMBERS:
            raise ValueError(f"un nombre de {len(node.value)} chiffres")
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")  # until it is counted
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] = 1 + sum(_values_in(part, known) for part in parts)
    return known[id(node)]


def _untagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_mapping(node) if isinstance(node, yaml.MappingNode) else None


_Loader.add_multi_constructor("!", _untagged)

# What PyYAML says, and what a beginner has usually done.
_CAUSES = {
    "mapping values are not allowed": "Un deux-points suivi d’une espace y est de trop\u00a0: guillemets ou indentation à revoir.",
    "found character '\\t'": "Une tabulation s’y trouve\u00a0: indentez avec des espaces.",
    "could not find expected ':'": "Il y manque un deux-points suivi d’une espace, ou la ligne d’avant n’est pas finie.",
    "expected <block end>": "L’indentation y change\u00a0: les clés d’un même niveau commencent à la même colonne.",
    "did not find expected": "L’indentation ou un guillemet y est à revoir.",
    "while scanning a quoted scalar": "Un guillemet ouvert n’est pas refermé.",
    "expected a single document": "Un seul document est attendu\u00a0: retirez le second «\u00a0---\u00a0».",
    "unhashable key": "Une expression `{{ … }}` en début de valeur s’écrit entre guillemets.",
    "found unhashable key": "Une expression `{{ … }}` en début de valeur s’écrit entre guillemets.",
    "found undefined alias": "Un `*` en début de valeur s’écrit entre guillemets.",
}
_USUAL = "Revoyez l’indentation et les deux-points à cet endroit."


def parse(text: str, what: str) -> Any:
    """The data of one YAML document; ``what`` names the text in the message (« Votre réponse »).

    Raises YamlError with the line and the column, counted from 1, in words.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        place = f"ligne {line}, colonne {column}" if mark else "à un endroit inconnu"
        raise YamlError(f"{what} n’est pas du YAML{NBSP}: {place}.", _cause(f"{error.context} {error.problem}"), line, column) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"{what} n’est pas du YAML{NBSP}: un caractère interdit s’y trouve, ligne {line}.", "Effacez-le.", line) from None
    except RecursionError:
        raise YamlError(f"{what} n’est pas du YAML lisible{NBSP}: trop de niveaux y sont emboîtés.", "Simplifiez-la.") from None
    except _GrowingError:
        raise YamlError(f"{what} se répète sans fin par ses alias («{NBSP}*{NBSP}»).", "Écrivez chaque valeur à sa place.") from None
    except ValueError as error:
        raise YamlError(f"{what} contient une valeur que YAML ne sait pas lire ({error}).", "Mettez-la entre guillemets.") from None


def _cause(problem: str) -> str:
    return next((cause for sign, cause in _CAUSES.items() if sign in problem), _USUAL)
