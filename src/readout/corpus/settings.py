"""Read the YAML that people write, such as the front matter of a card, as plain data.

The subset is that of JSON: named fields, lists, texts, numbers, true, false and null, with the
plain forms of the YAML 1.2 core schema. Dates without quotation marks are texts. Aliases, tags,
repeated names and names that are not texts are refused, and so are large files: an alias of an
alias can unfold to gigabytes, and a name that is not a text has no equal in JSON.
"""

from __future__ import annotations

import math
import re
from typing import Any

from readout.problem import Finding

LARGEST = 256 * 1024
"""The largest file that is read, in bytes; hand-written files have a few thousand."""
DEEPEST = 32
"""The largest depth of nested lists and fields."""
_MOST_DIGITS = 18
"""Integers of so many digits fit into 64 bits."""

# YAML 1.2.2, section 10.3.2.
_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _FlawError(Exception):
    """Where reading stops, and why; it never leaves this module."""

    def __init__(self, message: str, hint: str, mark: Any = None) -> None:
        super().__init__(message)
        line = mark.line + 1 if mark else None
        column = mark.column + 1 if mark else None
        self.finding = Finding(message, line=line, column=column, hint=hint)


def parse_settings(raw: bytes) -> dict[str, Any] | Finding:
    """Return the fields in the bytes of a YAML file, or what is wrong with it and where."""
    if len(raw) > LARGEST:
        message = f"The file has {len(raw):,} bytes. Expected at most {LARGEST:,}."
        return Finding(message, hint="shorten it.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        got = raw[error.start : error.start + 1]
        message = f"Got the byte {got!r}. Expected UTF-8."
        return Finding(message, line=line, hint="save the file as UTF-8.")

    import yaml  # its import is slow, and few commands need it

    try:
        return _Reader().read(text)
    except _FlawError as flaw:
        return flaw.finding
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"The file is not valid YAML: {error.problem or error.context}."
        hint = "correct the line; put texts with colons or signs in quotation marks."
        return _FlawError(message, hint, mark).finding
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Finding(f"The file is not valid YAML: {reason}.", hint="correct the file.")


class _Reader:
    """Builds data from the events of a YAML parser, without recursion."""

    def __init__(self) -> None:
        self.open: list[dict[str, Any] | list[Any]] = []
        self.names: list[str | None] = []
        self.root: Any = None

    def read(self, text: str) -> dict[str, Any]:
        """Return the fields of a text.

        Raises:
            _FlawError: the text is YAML, but not of the subset.
            yaml.YAMLError: the text is not YAML.

        """
        import yaml

        documents = 0
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "The file has several YAML documents. Expected one."
                    raise _FlawError(message, "remove the line ---.", event.start_mark)
            elif isinstance(event, yaml.NodeEvent):
                self._check_node(event)
                self._add_node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
                self.names.pop()

        if self.root is None:
            return {}
        if not isinstance(self.root, dict):
            kind = type(self.root).__name__
            raise _FlawError(f"Got a {kind}. Expected fields.", "write name: value on each line.")
        return self.root

    def _check_node(self, event: Any) -> None:
        import yaml

        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            message = f"Got the anchor or alias {event.anchor!r}. Aliases are not read."
            raise _FlawError(message, "write the value out where it is needed.", mark)
        if event.tag is not None:
            raise _FlawError(f"Got the tag {event.tag!r}.", "remove the tag.", mark)
        if len(self.open) >= DEEPEST:
            message = f"The value is nested deeper than {DEEPEST} levels."
            raise _FlawError(message, "write it flatter.", mark)

    def _add_node(self, event: Any) -> None:
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            value = _parse_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = {}
        else:
            value = []

        is_name = self._put(value, event)
        if isinstance(value, dict | list):
            if is_name:
                message = "Got a list or fields as the name of a field. Expected a text."
                raise _FlawError(message, "write name: value.", event.start_mark)
            self.open.append(value)
            self.names.append(None)

    def _put(self, value: Any, event: Any) -> bool:
        """Put a value where it belongs; return whether it is the name of a field."""
        if not self.open:
            self.root = value
            return False
        parent, name = self.open[-1], self.names[-1]
        if isinstance(parent, list):
            parent.append(value)
            return False
        if name is not None:
            parent[name] = value
            self.names[-1] = None
            return False
        if isinstance(value, dict | list):
            return True
        if not isinstance(value, str):
            message = f"Got the name {event.value!r}. Expected a text."
            raise _FlawError(message, "put it in quotation marks.", event.start_mark)
        if value in parent:
            message = f"The field {value!r} is given twice."
            raise _FlawError(message, "keep the one that is right.", event.start_mark)
        self.names[-1] = value
        return True


def _parse_scalar(event: Any) -> Any:
    """Return the value of a scalar by the YAML 1.2 core schema."""
    text = event.value
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "Got half of a surrogate pair. Expected whole characters."
        raise _FlawError(message, "write the character itself.", event.start_mark) from error

    if event.style:  # quoted or a block
        return text
    for pattern, value in ((_NULL, None), (_TRUE, True), (_FALSE, False)):
        if pattern.fullmatch(text):
            return value
    if _INTEGER.fullmatch(text):
        return int(_check_length(text, event))
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise _number_flaw(event)
        return number
    return text


def _check_length(text: str, event: Any) -> str:
    if len(text.lstrip("+-0")) > _MOST_DIGITS:
        raise _number_flaw(event)
    return text


def _number_flaw(event: Any) -> _FlawError:
    message = f"Got a number that is too large: {event.value[:20]}…"
    return _FlawError(message, "put it in quotation marks if it is a name.", event.start_mark)
