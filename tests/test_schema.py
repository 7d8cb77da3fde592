"""Schemas against their metaschema, model against schemas, fast validator against reference."""

import json
from typing import Literal, Union, get_args, get_origin, get_type_hints

import jsonschema_rs
import msgspec
import pytest
from conftest import CORPUS, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from readout import model
from readout.benchmark.board.cards import Exposure, SystemCard, to_record
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.systems.runs import make_card
from readout.corpus.read import REGISTRY_FILES
from readout.corpus.schema import Kind, explain, is_valid, read_schema
from readout.interchange.graph import VALUE_ROLES
from readout.workbench.suggest import suggest

KINDS = get_args(Kind)
CLASSES = {
    "document": model.Document,
    "speaker": model.Speaker,
    "topic": model.TopicDefinition,
    "target": model.Target,
    "annotator": model.Annotator,
    "decision": model.Decision,
    "review": model.Review,
    "suggestion": model.Suggestion,
    "system": SystemCard,
}
QUILL = model.Speaker(speaker_id="ada-quill", name="Quill", kind="person")
ANNOTATIONS = model.ANNOTATION_CLASSES


@pytest.mark.parametrize("kind", KINDS)
def test_schema_fulfils_its_metaschema(kind):
    Draft202012Validator.check_schema(read_schema(kind))
    assert read_schema(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_schema_file_is_used():
    assert {path.name for path in (ROOT / "schema").glob("*.json")} == {
        f"{kind}.schema.json" for kind in (*KINDS, "crosswalk")
    }


def iter_objects(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for child in schema.values():
            yield from iter_objects(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from iter_objects(child)


def record_schemas():
    definitions = read_schema("annotation")["$defs"]
    pairs = [(definitions[name], cls) for name, cls in ANNOTATIONS.items()]
    parts = [(read_schema("system")["$defs"]["exposure"], Exposure)]
    return pairs + parts + [(read_schema(kind), cls) for kind, cls in CLASSES.items()]


@pytest.mark.parametrize(
    ("schema", "record"), record_schemas(), ids=lambda value: getattr(value, "__name__", "")
)
def test_schema_and_model_have_the_same_fields_and_vocabularies(schema, record):
    config = record.__struct_config__
    fields = dict(zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True))
    tag = {config.tag_field} if config.tag_field else set()
    assert set(schema["properties"]) == set(fields.values()) | tag
    assert schema["additionalProperties"] is False
    hints = get_type_hints(record)
    for name, written in fields.items():
        described = schema["properties"][written]
        labels = literal_values(hints[name])
        assert described.get("enum", None) == (list(labels) if labels else None), name


def literal_values(hint):
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next(
        (
            get_args(arg)
            for arg in get_args(hint)
            if get_origin(hint) is Union and get_origin(arg) is Literal
        ),
        (),
    )


ROLES = [
    (schema, record)
    for schema, record in record_schemas()
    if record in model.FIELD_ROLES
] + [
    (read_schema("speaker")["$defs"]["role"], model.Role),
    (read_schema("review")["properties"]["sample"], model.Sample),
]  # fmt: skip


IDS = frozenset({"id", "id_or_null"})
REFERRED = {
    **dict.fromkeys(["id", "key", "annotation"], IDS),
    "entry": IDS | {""},
    "spans": {"span"},
    "item": {"ref", "id"},
    "parts": {"role", ""},
}
"""The definitions of the schemas that fields of each kind refer to."""


def test_the_table_of_field_roles_names_every_record():
    records = {
        each
        for each in vars(model).values()
        if isinstance(each, type) and issubclass(each, model.Record)
    }
    assert {record for _, record in ROLES} == set(model.FIELD_ROLES)
    assert set(model.FIELD_ROLES) == records - {model.Record, model.Annotation}


@pytest.mark.parametrize(
    ("schema", "record"), ROLES, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_table_of_field_roles_is_that_of_the_model_and_the_schema(schema, record):
    hints = get_type_hints(record)
    assert list(model.FIELD_ROLES[record]) == list(record.__struct_fields__)
    for name, written in zip(
        record.__struct_fields__, record.__struct_encode_fields__, strict=True
    ):
        role, described = model.FIELD_ROLES[record][name], schema["properties"][written]
        assert role.values == literal_values(hints[name]), name
        assert (role.kind == "label") == ("enum" in described), name
        assert (
            role.many == (get_origin(hints[name]) is tuple) == (described.get("type") == "array")
        ), name
        reference = described.get("items", described).get("$ref", "").rpartition("/")[2]
        assert reference in REFERRED.get(role.kind, {""}) or (
            role.kind == "id" and "pattern" in described
        ), name


def test_what_fields_name_exists():
    registries = {*REGISTRY_FILES, "iptc"}
    for record, roles in model.FIELD_ROLES.items():
        for name, role in roles.items():
            known = {"entry": registries, "annotation": set(ANNOTATIONS)}.get(role.kind, {""})
            assert role.of in known, (record, name)


def test_fields_of_one_name_have_one_role_in_all_annotations():
    """The tools for span annotation know the fields of all types by their names alone."""
    for record in ANNOTATIONS.values():
        values = {
            name: role for name, role in model.FIELD_ROLES[record].items() if name in VALUE_ROLES
        }
        assert values == {name: VALUE_ROLES[name] for name in values}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described(kind):
    schema = read_schema(kind)
    described = [properties for properties in iter_objects(schema) if "description" in properties]
    for properties in described:
        for name, field in properties["properties"].items():
            assert "description" in field or "$ref" in field, name


def records(kind):
    pattern = "annotations/gold/*.jsonl" if kind == "annotation" else f"**/{kind}s.jsonl"
    if kind == "suggestion":
        return [msgspec.to_builtins(each) for each in suggest("“Yes,” said Quill.", [QUILL], "en")]
    if kind == "decision":
        return [
            {"id": "a", "about": ["q", "x#q"], "section": "1", "reason": "Why.", "by": "x"},
        ]
    if kind == "review":
        sample = {"seed": 1, "size": 2, "population": "0" * 64}
        review = {"id": "a", "about": "q", "hash": "0" * 64, "verdict": "keep", "sample": sample}
        return [{**review, "remark": "Why."}]
    if kind == "system":
        return [to_record(make_card(baseline)) for baseline in BASELINES.values()]
    return [
        json.loads(line)
        for path in CORPUS.glob(pattern)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


@st.composite
def mutated_records(draw):
    kind = draw(st.sampled_from(KINDS))
    record = json.loads(json.dumps(draw(st.sampled_from(records(kind)))))
    for _ in range(draw(st.integers(1, 3))):
        mutate(draw, record)
    return kind, record


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.just("a\n")
    | st.just("١٢")
)
values = (
    scalars
    | st.lists(scalars, max_size=2)
    | st.dictionaries(st.text(max_size=4), scalars, max_size=2)
)


def mutate(draw, record):
    holder = record
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if not isinstance(holder[key], dict | list) or not draw(st.booleans()):
            break
        holder = holder[key]
    action = draw(st.sampled_from(["replace", "delete", "add"]))
    if action == "replace":
        holder[key] = draw(values)
    elif action == "delete":
        del holder[key]
    elif isinstance(holder, dict):
        holder[draw(st.text(max_size=5))] = draw(values)


@settings(max_examples=150)
@given(mutated_records())
def test_fast_validator_agrees_with_the_reference(mutant):
    kind, record = mutant
    reference = Draft202012Validator(read_schema(kind)).is_valid(record)
    accepted = is_valid(kind, record)
    assert not accepted or reference, "the fast validator accepts what the reference rejects"
    if not accepted:
        assert list(explain(kind, record)), "a rejected record has a message"


@pytest.mark.parametrize("kind", KINDS)
def test_accepted_records_fit_the_model(kind):
    record_class = model.AnyAnnotation if kind == "annotation" else CLASSES[kind]
    for record in records(kind):
        assert is_valid(kind, record)
        msgspec.convert(record, record_class)


def test_explanation_points_at_the_field():
    quote = next(record for record in records("annotation") if record["type"] == "quote")
    wrong = {**quote, "form": "directt", "extra": 1}
    findings = list(explain("annotation", wrong))
    assert {finding.pointer for finding in findings} == {("form",), ("extra",)}
    assert any("did you mean 'direct'?" in (finding.hint or "") for finding in findings)


def test_trailing_newline_in_an_id_is_rejected_with_a_message():
    mention = {
        **next(record for record in records("annotation") if record["type"] == "mention"),
        "id": "a\n",
    }
    assert not jsonschema_rs.Draft202012Validator(read_schema("annotation")).is_valid(mention)
    assert list(explain("annotation", mention))


CROSSWALK = [
    json.loads(line)
    for line in (ROOT / "schema/crosswalk.jsonl").read_text(encoding="utf-8").splitlines()
]


def test_the_crosswalk_covers_our_labels_and_explains_what_does_not_map():
    schema = json.loads((ROOT / "schema/crosswalk.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert all(validator.is_valid(line) for line in CROSSWALK)
    ours = {"polarity": set(get_args(model.Polarity)), "form": set(get_args(model.Form))}
    for vocabulary in {line["vocabulary"] for line in CROSSWALK}:
        lines = [line for line in CROSSWALK if line["vocabulary"] == vocabulary]
        for field in {line["field"] for line in lines}:
            assert ours[field] <= {line["label"] for line in lines if line["field"] == field}, (
                vocabulary
            )
    assert all(line.get("note") for line in CROSSWALK if line["relation"] != "exact")
    assert all(
        (line["foreign"] is None or line["label"] is None) == (line["relation"] == "none")
        for line in CROSSWALK
    )


GLOSSARY = (ROOT / "schema/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "schema").glob("*.json")), ids=lambda path: path.name
)
def test_the_glossary_repeats_the_descriptions(path):
    schema = json.loads(path.read_bytes())
    parts = schema["$defs"].values() if path.name == "annotation.schema.json" else [schema]
    for part in parts:
        for field in part.get("properties", {}).values():
            if "description" in field:
                assert f"| {field['description']} |" in GLOSSARY
