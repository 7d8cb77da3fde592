"""JSON Schema validation: a fast accept path and a precise explanation path.

A record is accepted when ``jsonschema-rs`` accepts it. A record that it rejects is explained by
``jsonschema``, the reference implementation, which is imported only then.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec

from readout.model import Pointer
from readout.problem import Finding

Kind: TypeAlias = Literal[
    "annotation",
    "document",
    "speaker",
    "topic",
    "target",
    "annotator",
    "decision",
    "review",
    "suggestion",
    "system",
]

_INSTALLED = Path(__file__).parents[1] / "_data" / "schema"
_CHECKOUT = Path(__file__).parents[3] / "schema"


def schema_folder() -> Path:
    """Return the folder of the schemas, in the installed package or in a checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


@cache
def read_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a record kind."""
    return cast(
        "dict[str, Any]",
        msgspec.json.decode((schema_folder() / f"{kind}.schema.json").read_bytes()),
    )


@cache
def _validator(kind: Kind) -> Any:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(read_schema(kind))


def is_valid(kind: Kind, record: object) -> bool:
    """Tell whether a record fulfils its schema."""
    accepted: bool = _validator(kind).is_valid(record)
    return accepted


def are_valid(kind: Kind, records: Sequence[object]) -> bool:
    """Tell whether all records fulfil their schema; one call is faster than one for each."""
    accepted: bool = _validator_of_many(kind).is_valid(records)
    return accepted


@cache
def _validator_of_many(kind: Kind) -> Any:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator({"type": "array", "items": read_schema(kind)})


@cache
def _explainer(kind: Kind) -> Any:
    from jsonschema import Draft202012Validator, validators

    keywords = {"uniqueItems": _find_repeated}
    extended: Any = validators.extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    return extended(read_schema(kind))


def _find_repeated(_: Any, is_demanded: bool, items: Any, __: Any) -> Iterator[Any]:
    """Yield an error if a list has equal items; the library compares every two objects."""
    from jsonschema import ValidationError

    if is_demanded and isinstance(items, list):
        if len({json.dumps(item, sort_keys=True) for item in items}) < len(items):
            yield ValidationError(f"{items!r} has non-unique elements")


def write_integers(value: Any) -> Any:
    """Return a copy of a JSON value with integers for numbers such as 52.0.

    JSON Schema calls them integers, the model does not. Some tools write every number so.
    """
    if isinstance(value, dict):
        return {name: write_integers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [write_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def explain(kind: Kind, record: object) -> Iterator[Finding]:
    """Yield the faults of a record that :func:`is_valid` rejects: one or more, with pointers."""
    from jsonschema.exceptions import best_match

    errors = sorted(
        _explainer(kind).iter_errors(record),
        key=lambda error: [str(part) for part in error.absolute_path],
    )
    for error in errors:
        deepest = best_match([error]) or error
        yield _describe_error(deepest)
    if not errors:
        for rejection in _validator(kind).iter_errors(record):
            yield Finding(
                f"The value does not fit its schema: {rejection.message}.",
                tuple(rejection.instance_path),
            )


def _describe_error(error: Any) -> Finding:
    pointer: Pointer = tuple(error.absolute_path)
    describe = _SENTENCES.get(error.validator)
    message, hint = (
        describe(error)
        if describe
        else (f"The value does not fit its schema: {error.message}.", None)
    )
    if error.validator == "additionalProperties" and (extra := _extra_fields(error)):
        pointer = (*pointer, extra[0])
    return Finding(message, pointer, hint=hint or _description(error))


def _description(error: Any) -> str | None:
    text = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"{_field(error)} is: {text}" if text and error.absolute_path else None


def _field(error: Any) -> str:
    names = [part for part in error.absolute_path if isinstance(part, str)]
    return repr(names[-1]) if names else "the record"


def _shorten_value(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _extra_fields(error: Any) -> list[str]:
    return sorted(set(error.instance) - set(error.schema.get("properties", {})))


def _describe_enum(error: Any) -> tuple[str, str | None]:
    allowed = [value for value in error.validator_value if isinstance(value, str)]
    expected = ", ".join(map(repr, allowed))
    message = (
        f"Got {_shorten_value(error.instance)} for {_field(error)}. Expected one of {expected}."
    )
    if error.instance == "suggestion":
        return (
            message,
            "only the annotation inside a suggestion may enter a layer: copy 'annotation'.",
        )
    return message, _close(error.instance, allowed) if isinstance(error.instance, str) else None


def _close(word: str, allowed: list[str]) -> str | None:
    close = get_close_matches(word, allowed, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else None


def _describe_required(error: Any) -> tuple[str, str | None]:
    missing = [name for name in error.validator_value if name not in error.instance]
    return (
        f"{_field(error).capitalize()} lacks {', '.join(map(repr, missing))}.",
        f"add {missing[0]!r}: {_meaning(error, missing[0])}",
    )


def _meaning(error: Any, name: str) -> str:
    described = error.schema.get("properties", {}).get(name, {})
    return str(described.get("description", "the field is required."))


def _describe_extra(error: Any) -> tuple[str, str | None]:
    extra = _extra_fields(error)
    allowed = sorted(error.schema.get("properties", {}))
    unknown = ", ".join(map(repr, extra))
    known = ", ".join(map(repr, allowed))
    message = f"Got the unknown field {unknown}. Expected only {known}."
    return message, (
        _close(extra[0], allowed) if extra else None
    ) or "remove the field, or say it in 'note' in words."


_JSON_TYPES = {
    "string": 'a text in quotation marks ("…")',
    "integer": "a whole number",
    "array": "a list in square brackets ([…])",
    "object": "a record in braces ({…})",
    "null": "null",
}


def _describe_type(error: Any) -> tuple[str, str | None]:
    expected = (
        error.validator_value
        if isinstance(error.validator_value, list)
        else [error.validator_value]
    )
    message = f"Got {_shorten_value(error.instance)} for {_field(error)}."
    types = [_JSON_TYPES.get(str(name), str(name)) for name in expected]
    return (
        f"{message} Expected {' or '.join(types)}.",
        _type_hint(error, expected),
    )


def _type_hint(error: Any, expected: list[str]) -> str | None:
    got = error.instance
    if "array" in expected and isinstance(got, str | dict):
        return "put square brackets around it."
    if (
        isinstance(got, list)
        and len(got) == 1
        and isinstance(got[0], dict if "object" in expected else str)
    ):
        return "remove the square brackets."
    if "integer" in expected and isinstance(got, str) and got.isdecimal():
        return f"write {got} without quotation marks."
    return None


_ID = "^[a-z0-9][a-z0-9-]*$"
_PATTERN_WORDS = {
    _ID: "an id: lower-case letters, digits and hyphens",
    "^([a-z0-9][a-z0-9-]*#)?[a-z0-9][a-z0-9-]*$": (
        "the id of a gold annotation, or annotator and id with a number sign between them, "
        "such as 'ann#m-she'"
    ),
    "^[0-9]{4}-[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*$": (
        "year, month and a short name, such as '2030-01-harbour-talks'"
    ),
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day, such as '2030-01-31'",
    "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$": (
        "a year, month or day, such as '2030', '2030-01' or '2030-01-31'"
    ),
    "^[0-9a-f]{64}$": "a SHA-256 checksum: 64 digits from 0 to 9 and a to f",
    "^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$": "a language tag, such as 'en' or 'he'",
    "^[A-Z]{2}$": "a country code of two capitals, such as 'IL'",
    "^Q[1-9][0-9]*$": "a Wikidata identifier, such as 'Q42'",
    "^https?://": "an address that begins with http:// or https://",
    "^medtop:[0-9]{8}$": "an IPTC topic, such as 'medtop:11000000'",
    "^[0-9]+(\\.[0-9]+)*$": "the number of a section, such as '4.2'",
}
"""The patterns of the schemas in words; a test keeps them complete."""


def propose_id(name: str) -> str:
    """Return the id that a name is nearest to, without accents; empty if it has no Latin letter."""
    decomposed = unicodedata.normalize("NFKD", name)
    letters = [letter for letter in decomposed if not unicodedata.combining(letter)]
    return "-".join(re.findall("[a-z0-9]+", "".join(letters).lower()))


def _describe_pattern(error: Any) -> tuple[str, str | None]:
    pattern = error.validator_value
    got = f"Got {_shorten_value(error.instance)} for {_field(error)}."
    message = f"{got} Expected {_PATTERN_WORDS.get(pattern, repr(pattern))}."
    proposed = propose_id(error.instance) if pattern == _ID else ""
    if not proposed:
        return message, None
    name = error.absolute_path[-1] if error.absolute_path else ""
    if name == "id" or str(name).endswith("_id"):
        return message, f"write {proposed!r}, and name it so wherever it is referred to."
    return message, f"write {proposed!r} if that is its id; if not, write the id that it has."


def _describe_empty(error: Any) -> tuple[str, str | None]:
    least = f"{error.validator_value} {_NOUNS[error.validator]}"
    return (
        f"Got {_shorten_value(error.instance)} for {_field(error)}. Expected at least {least}.",
        None,
    )


_NOUNS = {"minItems": "item", "minLength": "character"}


def _describe_together(error: Any) -> tuple[str, str | None]:
    return (
        "The span has one of 'start' and 'end' without the other.",
        "remove both and run `readout format`.",
    )


_SENTENCES: dict[str, Callable[[Any], tuple[str, str | None]]] = {
    "enum": _describe_enum,
    "required": _describe_required,
    "additionalProperties": _describe_extra,
    "type": _describe_type,
    "pattern": _describe_pattern,
    "minItems": _describe_empty,
    "minLength": _describe_empty,
    "dependentRequired": _describe_together,
}
