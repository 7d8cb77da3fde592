"""JSON Schema validation: a fast accept path and a precise explanation path.

A record is accepted when ``jsonschema-rs`` accepts it. A record that it rejects is explained by ``jsonschema``, the
reference implementation, which is imported only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import jsonschema_rs
import msgspec

from readout.model import Pointer
from readout.problem import Finding, nearest

Kind: TypeAlias = Literal["annotation", "document", "speaker", "topic", "target", "annotator", "adjudication", "system"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_INSTALLED = Path(__file__).parent / "_data" / "schema"
_CHECKOUT = Path(__file__).parents[2] / "schema"


def schema_folder() -> Path:
    """Return the folder of the schemas: inside the installed package, or at the top of a checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


@cache
def read_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a record kind."""
    return cast("dict[str, Any]", msgspec.json.decode((schema_folder() / f"{kind}.schema.json").read_bytes()))


@cache
def _acceptor(kind: Kind) -> Callable[[object], bool]:
    return jsonschema_rs.Draft202012Validator(read_schema(kind)).is_valid


def is_valid(kind: Kind, record: object) -> bool:
    """Tell whether a record fulfils its schema."""
    return _acceptor(kind)(record)


@cache
def _explainer(kind: Kind) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(read_schema(kind))


def explain(kind: Kind, record: object) -> Iterator[Finding]:
    """Yield what is wrong with a record that :func:`is_valid` rejects, at least one finding, each with its pointer."""
    from jsonschema.exceptions import best_match

    errors = sorted(_explainer(kind).iter_errors(record), key=lambda error: [str(part) for part in error.absolute_path])
    for error in errors:
        deepest = best_match([error]) or error
        yield _describe(deepest)
    if not errors:
        for rejection in jsonschema_rs.Draft202012Validator(read_schema(kind)).iter_errors(record):
            yield Finding(f"The value does not fit its schema: {rejection.message}.", tuple(rejection.instance_path))


def _describe(error: Any) -> Finding:
    pointer: Pointer = tuple(error.absolute_path)
    describe = _SENTENCES.get(error.validator)
    message, hint = describe(error) if describe else (f"The value does not fit its schema: {error.message}.", None)
    if error.validator == "additionalProperties" and (extra := _extra_fields(error)):
        pointer = (*pointer, extra[0])
    return Finding(message, pointer, hint=hint or _description(error))


def _description(error: Any) -> str | None:
    text = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"{_field(error)} is: {text}" if text and error.absolute_path else None


def _field(error: Any) -> str:
    names = [part for part in error.absolute_path if isinstance(part, str)]
    return repr(names[-1]) if names else "the record"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _extra_fields(error: Any) -> list[str]:
    return sorted(set(error.instance) - set(error.schema.get("properties", {})))


def _describe_enum(error: Any) -> tuple[str, str | None]:
    allowed = [value for value in error.validator_value if isinstance(value, str)]
    message = f"Got {_shorten(error.instance)} for {_field(error)}. Expected one of {', '.join(map(repr, allowed))}."
    return message, (nearest(error.instance, allowed) or None) if isinstance(error.instance, str) else None


def _describe_required(error: Any) -> tuple[str, str | None]:
    missing = [name for name in error.validator_value if name not in error.instance]
    return f"{_field(error).capitalize()} lacks {', '.join(map(repr, missing))}.", "add the missing field."


def _describe_extra(error: Any) -> tuple[str, str | None]:
    extra = _extra_fields(error)
    allowed = sorted(error.schema.get("properties", {}))
    message = f"Got the unknown field {', '.join(map(repr, extra))}. Expected only {', '.join(map(repr, allowed))}."
    return message, (nearest(extra[0], allowed) if extra else "") or "remove the field."


def _describe_type(error: Any) -> tuple[str, str | None]:
    expected = error.validator_value
    names = expected if isinstance(expected, str) else " or ".join(expected)
    return f"Got {_shorten(error.instance)} for {_field(error)}. Expected {names}.", None


def _describe_pattern(error: Any) -> tuple[str, str | None]:
    message = f"Got {_shorten(error.instance)} for {_field(error)}. Expected text of the form {error.validator_value}."
    return message, None


def _describe_empty(error: Any) -> tuple[str, str | None]:
    least = f"{error.validator_value} {_NOUNS[error.validator]}"
    return f"Got {_shorten(error.instance)} for {_field(error)}. Expected at least {least}.", None


_NOUNS = {"minItems": "item", "minLength": "character"}


def _describe_together(error: Any) -> tuple[str, str | None]:
    return "The span has one of 'start' and 'end' without the other.", "remove both and run `readout format`."


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
