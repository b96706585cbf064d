"""The JSON schema of ``exercise.yml``, for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from grader.spec import Exercise

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MARK = {"type": "string", "pattern": r"\[\[ .+ \]\]"}  # a drawn value, which may stand wherever one value does
_STRICT = ("pattern", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_NUMBERS = ("integer", "number", "boolean")

# What an editor shows beside a field.
FIELDS = {
    "id": "Le nom du dossier : minuscules, chiffres, tirets.",
    "title": "Le titre.",
    "kind": "Ce qu'est une réponse : playbook, adhoc (des lignes de commande), config (un ansible.cfg) ou value (des valeurs ; rien n'est exécuté).",
    "statement": "L'énoncé, en Markdown.",
    "checks": "Ce qui est jugé, dans l'ordre du rapport.",
    "parameters": "Des variables données à l'exécution, et aux conditions sous le nom « parameters ».",
    "drawn": "Des variables dont chaque apprenant reçoit une valeur, tirée d'une liste d'au moins deux.",
    "limits": "Combien de temps, et quelle taille.",
    "lab": "Les nœuds, leur préparation, les incidents.",
    "playbook": "Pour config seulement : le playbook qui est exécuté avec la configuration donnée.",
    "run": "Pour value seulement : une exécution enregistrée, dessinée sous l'énoncé.",
    "fields": "Pour value seulement : les valeurs demandées, par nom.",
    "wrong": "Les réponses fausses que le dossier garde, et le point qui attrape chacune.",
    "that": "Les conditions, comme dans ansible.builtin.assert : toutes doivent être vraies.",
    "points": "Ce que vaut ce point.",
    "success_msg": "Ce qui a été observé quand le point est acquis.",
    "fail_msg": "Ce qui a été observé quand il ne l'est pas, avec les nombres.",
    "hints": "Trois indices, chacun plus précis que celui d'avant.",
    "each_node": "Évaluer pour chaque nœud, sous le nom « node » ; tous doivent passer.",
    "needs": "Un point placé plus haut, sans lequel celui-ci n'a pas de sens.",
    "caught_by": "Le point qui doit attraper cette réponse.",
    "because": "L'erreur, en une phrase.",
    "nodes": "Combien de nœuds, de node1 à nodeN.",
    "prepare": "Un playbook du dossier, exécuté d'abord sur les nœuds neufs.",
    "runs": "Combien de fois de suite la réponse est exécutée.",
    "commands": "Pour adhoc : le plus petit et le plus grand nombre de lignes.",
    "files": "Les chemins lus sur chaque nœud après chaque exécution.",
    "faults": "Les incidents, et leur moment.",
    "wall": "Les secondes qu'une exécution peut durer.",
    "linger": "Les secondes pendant lesquelles on observe encore les jobs qui continuent après Ansible.",
    "answer_bytes": "La taille d'une réponse, tous ses fichiers ensemble.",
}


def schema() -> dict[str, Any]:
    """The schema; a value may be a mark ``[[ name ]]`` wherever it may be drawn, which nothing but loading can check further."""
    return {"$schema": DIALECT, "title": "exercise.yml", **_told(Exercise.model_json_schema())}


def _told(node: Any) -> Any:
    """The same without the code's own words, with those for teachers, and with marks allowed."""
    if isinstance(node, list):
        return [_told(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _told(value) for key, value in node.items() if not (key in {"title", "description"} and isinstance(value, str))}
    if isinstance(node.get("properties"), dict):
        plain["properties"] = {name: _described(name, _told(value)) for name, value in node["properties"].items()}
    return {"anyOf": [plain, _MARK]} if _one_value(plain) else plain


def _described(name: str, field: dict[str, Any]) -> dict[str, Any]:
    return {**field, "description": FIELDS[name]} if name in FIELDS else field


def _one_value(node: dict[str, Any]) -> bool:
    return node.get("type") in _NUMBERS or (node.get("type") == "string" and any(key in node for key in _STRICT))
