"""Reads a pipeline from YAML or JSON as people write it, and knows the line of each value."""

import yaml

from compute.jobs.definitions import Flaw, Flawed

MOST_TEXT = 100_000
DEEPEST = 12
TOP = frozenset({"name", "defaults", "steps"})


class Written:
    """A definition and where its parts stand: `data` as JSON would hold it, lines from 1."""

    def __init__(self, data: dict, lines: dict[tuple, int]):
        self.data, self.lines = data, lines

    def line_of(self, place: tuple) -> int:
        """The line of `place`, or of the closest thing around it that is there."""
        within = (*place[:2], "needs", *place[2:])
        if within in self.lines:
            return self.lines[within]
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    @property
    def steps(self):
        """The steps, each with what `defaults` says and it does not."""
        steps, defaults = self.data.get("steps"), self.data.get("defaults") or {}
        if not isinstance(steps, list) or not defaults:
            return steps
        return [defaults | step if isinstance(step, dict) else step for step in steps]


def read(text: str) -> Written:
    """What `text` says. Raises `Flawed`; a flaw without a value has the place ("line", number)."""
    if len(text) > MOST_TEXT:
        raise _at(1, f"The text is too long: {MOST_TEXT:,} characters or fewer.")
    try:
        root = yaml.compose(text.replace("\0", ""), Loader=_Plain)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise _at(mark.line + 1 if mark else 1, _in_words(wrong)) from None
    except (yaml.YAMLError, RecursionError):
        raise _at(1, "This is neither YAML nor JSON.") from None
    if not isinstance(root, yaml.MappingNode):
        raise _at(1, "Begin with name: and steps:, as in the examples.")
    lines: dict[tuple, int] = {}
    data = _value(root, (), lines)
    for name in data:
        if name not in TOP:
            words = f"There is no {str(name)[:40]!r} here. Write name, defaults and steps."
            raise _at(lines[name,], words)
    if not isinstance(data.get("defaults") or {}, dict):
        raise _at(lines["defaults",], "Defaults are names with values, such as retries: 1.")
    return Written(data, lines)


class _Plain(yaml.SafeLoader):
    """Without anchors: what is written once is read once."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="names are not replaced", problem_mark=mark)
        return super().compose_node(parent, index)


def _value(node, place: tuple, lines: dict[tuple, int]):
    lines[place] = node.start_mark.line + 1
    if len(place) > DEEPEST:
        raise _at(lines[place], "This is nested too deep.")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, (*place, n), lines) for n, part in enumerate(node.value)]
    return _scalar(node)


def _mapping(node, place: tuple, lines: dict[tuple, int]) -> dict:
    found: dict = {}
    for key, part in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        line = key.start_mark.line + 1
        if not name:
            raise _at(line, "A name is one word.")
        if name in found:
            raise _at(line, f"{name[:40]!r} is written twice here.")
        found[name] = _value(part, (*place, name), lines)
        lines[*place, name] = line
    return found


def _scalar(node):
    """Numbers, yes and no, and text. Dates stay text, as JSON would have them."""
    loader = yaml.SafeLoader("")
    kind = node.tag.rpartition(":")[2]
    try:
        if kind in {"int", "float", "bool", "null"}:
            return loader.construct_object(node)
    except (ValueError, yaml.YAMLError):
        pass
    finally:
        loader.dispose()
    return node.value


def _at(line: int, words: str) -> Flawed:
    return Flawed([Flaw(("line", line), words)])


def _in_words(wrong: yaml.MarkedYAMLError) -> str:
    said = (wrong.problem or "").strip()
    if "\\t" in said:
        return "Indent with spaces: YAML knows no tabs."
    if said.startswith("names are not"):
        return "Anchors and aliases are not read. Write the value out."
    return f"This is neither YAML nor JSON: {said}." if said else "This is neither YAML nor JSON."
