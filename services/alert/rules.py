"""The rules file: YAML in the manner of Prometheus alert rules, refused with its line and why."""

from __future__ import annotations

import re
import string
from datetime import timedelta
from typing import Any, Final, NoReturn

import msgspec
import yaml

from services.alert.domain.episodes import EVERYWHERE, Rule
from tocsin.errors import SettingsError
from tocsin.messages import digest

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"(\d{1,4})([mhd])")
_SCOPE: Final = re.compile(r"\*|[A-Z]{3}(-[A-Z]{3})?")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_WORDS: Final = frozenset({"dyad", "level", "level_name", "state", "direction"})
_REQUIRED: Final = ("name", "raise")
_FIELDS: Final = ("name", "scope", "raise", "clear", "for", "labels", "annotations")

Node = yaml.nodes.Node


class _Reader(msgspec.Struct, frozen=True):
    """Reads nodes of one file, and says where it stopped."""

    file: str

    def refuse(self, node: Node, why: str) -> NoReturn:
        raise SettingsError(f"{self.file}:{node.start_mark.line + 1}: {why}")

    def fields(self, node: Node, known: tuple[str, ...] | None, what: str) -> dict[str, Node]:
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"{what} must be a mapping")
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = self.text(key, f"a field of {what}")
            if known is not None and name not in known:
                self.refuse(key, f"{what} has no field {name!r}; there are {', '.join(known)}")
            if name in found:
                self.refuse(key, f"{name!r} stands twice in {what}")
            found[name] = value
        return found

    def items(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(node, f"{what} must be a list")
        return list(node.value)

    def text(self, node: Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"{what} must be text")
        return str(node.value)

    def level(self, node: Node, what: str) -> int:
        text = self.text(node, what)
        if text not in ("1", "2", "3", "4", "5"):
            self.refuse(node, f"{what} must be a level from 1 to 5, not {text!r}")
        return int(text)

    def matching(self, node: Node, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        text = self.text(node, what)
        match = pattern.fullmatch(text)
        if match is None:
            self.refuse(node, f"{text!r} is no {what}")
        return match


def parse_rules(text: str, file: str) -> tuple[Rule, ...]:
    """The rules of a file, in its order.

    Raises:
        SettingsError: with file, line and reason.
    """
    reader = _Reader(file)
    nodes = _nodes(reader, text)
    rules = [_rule(reader, node) for node in nodes]
    _check_names(reader, rules, nodes)
    return tuple(rules)


def mistakes(text: str, file: str) -> list[str]:
    """Every rule's first mistake, with file, line and reason; empty if the file is fine."""
    reader = _Reader(file)
    try:
        nodes = _nodes(reader, text)
    except SettingsError as error:
        return [str(error)]
    found = []
    read: list[tuple[Rule, Node]] = []
    for node in nodes:
        try:
            read.append((_rule(reader, node), node))
        except SettingsError as error:
            found.append(str(error))
    try:
        _check_names(reader, [rule for rule, _ in read], [node for _, node in read])
    except SettingsError as error:
        found.append(str(error))
    return found


def _nodes(reader: _Reader, text: str) -> list[Node]:
    """The rules of a file as they stand, at least one."""
    file = reader.file
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{file}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: {error}") from error
    if root is None:
        raise SettingsError(f"{file}:1: no rules")
    listed = reader.fields(root, ("rules",), "the file").get("rules")
    nodes = reader.items(listed, "rules") if listed else []
    if not nodes:
        raise SettingsError(f"{file}:1: no rules")
    return nodes


def _rule(reader: _Reader, node: Node) -> Rule:
    fields = reader.fields(node, _FIELDS, "a rule")
    for name in _REQUIRED:
        if name not in fields:
            reader.refuse(node, f"a rule needs {name!r}")
    raise_at = reader.level(fields["raise"], "raise")
    clear = reader.level(fields["clear"], "clear") if "clear" in fields else raise_at
    if clear > raise_at:
        reader.refuse(fields["clear"], f"clear ({clear}) must not be above raise ({raise_at})")
    rule = Rule(
        name=reader.matching(fields["name"], _NAME, "name of a rule")[0],
        raise_at=raise_at,
        clear_below=clear,
        version="",
        scope=_scope(reader, fields.get("scope")),
        hold_for=_duration(reader, fields.get("for")),
        labels=_texts(reader, fields.get("labels"), "labels", frozenset()),
        annotations=_texts(reader, fields.get("annotations"), "annotations", _WORDS),
    )
    version = digest(msgspec.json.encode(rule, order="deterministic").decode())[:8]
    return msgspec.structs.replace(rule, version=version)


def _scope(reader: _Reader, node: Node | None) -> tuple[str, ...]:
    if node is None:
        return (EVERYWHERE,)
    nodes = [node] if isinstance(node, yaml.ScalarNode) else reader.items(node, "scope")
    what = "scope: give '*', states (USA) or sorted pairs (USA-VEN)"
    scope = tuple(reader.matching(each, _SCOPE, what)[0] for each in nodes)
    for each, at in zip(scope, nodes, strict=True):
        if "-" in each and each[:3] >= each[4:]:
            reader.refuse(at, f"{each!r} is not in order: {each[4:]}-{each[:3]}")
    return scope


def _duration(reader: _Reader, node: Node | None) -> timedelta:
    if node is None:
        return timedelta()
    match = reader.matching(node, _DURATION, "duration, as in 30m, 6h, 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _texts(reader: _Reader, node: Node | None, what: str, words: frozenset[str]) -> dict[str, str]:
    """Names with texts; a text may use `{word}` for the words that are allowed."""
    if node is None:
        return {}
    texts = {}
    for name, value in reader.fields(node, None, what).items():
        texts[name] = reader.text(value, f"{what}.{name}")
        for used in _used(reader, value, texts[name]):
            if used not in words:
                known = ", ".join(sorted(words)) or "none here"
                reader.refuse(value, f"no word {{{used}}}; there are: {known}")
    return texts


def _used(reader: _Reader, node: Node, text: str) -> list[Any]:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        reader.refuse(node, f"{text!r}: {error}")
    return [name for _, name, _, _ in parts if name is not None]


def _check_names(reader: _Reader, rules: list[Rule], nodes: list[Node]) -> None:
    seen: set[str] = set()
    for rule, node in zip(rules, nodes, strict=True):
        if rule.name in seen:
            reader.refuse(node, f"two rules are named {rule.name!r}")
        seen.add(rule.name)
