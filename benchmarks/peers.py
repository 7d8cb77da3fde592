"""Run one peer of the benchmark: ``python benchmarks/peers.py NAME CORPUS FOLDER``.

With ``prepare NAME`` instead of ``NAME``, write the files that the peer reads. Every peer reads the
same documents and annotations. Of the other tools, only ``jsonschema`` validates anything; only
``floor`` writes a dataset, and ``datasets`` fills its cache.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

SPAN_FIELDS = {
    "mention": "span",
    "quote": "content",
    "topic": "spans",
    "stance": "evidence",
    "boilerplate": "span",
}


def iter_documents(corpus: Path) -> Iterator[tuple[dict[str, Any], bytes, bytes]]:
    """Yield the metadata, the text and the gold layer of every document."""
    for line in (corpus / "raw/documents.jsonl").read_bytes().splitlines():
        meta = json.loads(line)
        text = (corpus / f"raw/text/{meta['doc_id']}.txt").read_bytes()
        yield meta, text, (corpus / f"annotations/gold/{meta['doc_id']}.jsonl").read_bytes()


# ---------------------------------------------------------------- inputs of the peers


def prepare(name: str, corpus: Path, folder: Path) -> None:
    """Build the corpus, and write the input of a peer, unless this has been done."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "hub").is_dir():
        run_nothing(corpus, folder)
    path, write = INPUTS.get(name, ("hub", write_nothing))
    if not (folder / path).exists():
        write(corpus, folder)


def write_nothing(corpus: Path, folder: Path) -> None:
    """Write nothing, for a peer that reads the corpus itself."""


def write_arrow(corpus: Path, folder: Path) -> None:
    """Write the tables of a build in Arrow's IPC format, which the floor can map into memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in sorted((folder / "hub/data").rglob("*.parquet")):
        table = pq.read_table(path)
        target = folder / "arrow" / path.parent.name / f"{path.stem}.arrow"
        target.parent.mkdir(parents=True, exist_ok=True)
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)


def write_json_rows(corpus: Path, folder: Path) -> None:
    """Write the rows made from documents as JSON lines, one file per config and split."""
    import orjson
    import pyarrow.parquet as pq

    (folder / "rows").mkdir(exist_ok=True)
    for path in sorted((folder / "hub/data").rglob("*-00*.parquet")):
        config, split = path.parent.name, path.name.split("-")[0]
        with (folder / "rows" / f"{config}.{split}.jsonl").open("ab") as file:
            for batch in pq.ParquetFile(path).iter_batches(5_000):
                file.writelines(orjson.dumps(row) + b"\n" for row in batch.to_pylist())


def write_json_lines(corpus: Path, folder: Path) -> None:
    """Write one JSON line per document, with a column per type of annotation."""
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for meta, text, layer in iter_documents(corpus):
            groups: dict[str, list[Any]] = {name: [] for name in SPAN_FIELDS}
            for line in layer.splitlines():
                record = json.loads(line)
                groups[record.pop("type")].append(record)
            file.write(
                json.dumps({**meta, "text": text.decode(), **groups}, ensure_ascii=False) + "\n"
            )


def iter_spans(layer: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the type and the offsets of the main spans of every annotation."""
    for line in layer.splitlines():
        record = json.loads(line)
        value = record[SPAN_FIELDS[record["type"]]]
        for span in value if isinstance(value, list) else [value]:
            yield record["type"], span["start"], span["end"]


def write_docbin(corpus: Path, folder: Path) -> None:
    """Write a spaCy DocBin with tokens and span groups."""
    import spacy
    from spacy.tokens import DocBin

    blank = spacy.blank("xx")
    docs = DocBin(store_user_data=True)
    for _, text, layer in iter_documents(corpus):
        doc = blank.make_doc(text.decode())
        for name, start, end in iter_spans(layer):
            doc.spans.setdefault(name, []).append(
                doc.char_span(start, end, name, alignment_mode="expand")
            )
        docs.add(doc)
    docs.to_disk(folder / "documents.spacy")


def write_xmi(corpus: Path, folder: Path) -> None:
    """Write UIMA XMI, one file per document."""
    from cassis import Cas, TypeSystem

    types = TypeSystem()
    classes = {name: types.create_type(f"readout.{name}") for name in SPAN_FIELDS}
    (folder / "xmi").mkdir(exist_ok=True)
    types.to_xml(folder / "types.xml")
    for meta, text, layer in iter_documents(corpus):
        cas = Cas(typesystem=types)
        cas.sofa_string = text.decode()
        cas.add_all([classes[name](begin=start, end=end) for name, start, end in iter_spans(layer)])
        cas.to_xmi(folder / f"xmi/{meta['doc_id']}.xmi")


INPUTS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "floor": ("arrow", write_arrow),
    "datasets": ("documents.jsonl", write_json_lines),
    "datasets-rows": ("rows", write_json_rows),
    "docbin": ("documents.spacy", write_docbin),
    "cassis": ("xmi", write_xmi),
}
"""The input of each peer that does not read the corpus: its name in the folder, and its writer."""


# ---------------------------------------------------------------- the peers


def run_jsonschema(corpus: Path, folder: Path) -> None:
    """Validate every annotation with the reference validator, which is made once."""
    from jsonschema import Draft202012Validator

    schema = json.loads((Path(__file__).parents[1] / "schema/annotation.schema.json").read_bytes())
    validator = Draft202012Validator(schema)
    for _, _, layer in iter_documents(corpus):
        for line in layer.splitlines():
            validator.validate(json.loads(line))


def run_datasets_rows(corpus: Path, folder: Path) -> None:
    """Load the rows of a finished build from JSON lines, with Features, into an empty cache."""
    from datasets import Features, load_dataset

    from readout.dataset.features import arrow_schema

    files: dict[Any, dict[str, str]] = {}
    for path in sorted((folder / "rows").iterdir()):
        config, split, _ = path.name.split(".")
        files.setdefault(config, {})[split] = str(path)
    with tempfile.TemporaryDirectory() as cache:
        for config, data_files in files.items():
            features = Features.from_arrow_schema(arrow_schema(config))
            load_dataset("json", data_files=data_files, features=features, cache_dir=cache)


def run_datasets(corpus: Path, folder: Path) -> None:
    """Load the documents from JSON lines, with Features, into an empty cache."""
    from datasets import Features, Value, load_dataset

    string, integer = Value("string"), Value("int32")
    span = {"start": integer, "end": integer, "exact": string}
    strings = dict.fromkeys(
        ("doc_id", "published_basis", "outlet", "outlet_basis", "event", "language"), string
    )
    strings |= dict.fromkeys(("split", "origin", "rights", "sha256", "annotated", "text"), string)
    stance = dict.fromkeys(("id", "holder", "target", "polarity", "expression", "quote"), string)
    features = Features(
        {
            **strings,
            "mention": [{"id": string, "speaker": string, "span": span}],
            "quote": [
                {
                    **dict.fromkeys(("id", "form", "speaker", "source"), string),
                    "content": [span],
                    "cue": [span],
                    "addressees": [string],
                }
            ],
            "topic": [{"id": string, "topic": string, "spans": [span]}],
            "stance": [{**stance, "evidence": [span]}],
            "boilerplate": [{"id": string, "kind": string, "span": span}],
        }
    )
    with tempfile.TemporaryDirectory() as cache:
        load_dataset(
            "json", data_files=str(folder / "documents.jsonl"), features=features, cache_dir=cache
        )


def run_docbin(corpus: Path, folder: Path) -> None:
    """Load a spaCy DocBin and make its documents."""
    import spacy
    from spacy.tokens import DocBin

    for doc in DocBin().from_disk(folder / "documents.spacy").get_docs(spacy.blank("xx").vocab):
        len(doc.spans)


def run_cassis(corpus: Path, folder: Path) -> None:
    """Load UIMA XMI, one file per document."""
    from cassis import load_cas_from_xmi, load_typesystem

    types = load_typesystem(folder / "types.xml")
    for path in sorted((folder / "xmi").iterdir()):
        with path.open("rb") as file:
            load_cas_from_xmi(file, typesystem=types)


def run_floor(corpus: Path, folder: Path) -> None:
    """Read, hash and parse the files, and write a build's Parquet files from tables in memory."""
    import gc
    import os

    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    gc.disable()
    for line in (corpus / "raw/documents.jsonl").read_bytes().splitlines():
        name = orjson.loads(line)["doc_id"]
        for path in (f"{corpus}/raw/text/{name}.txt", f"{corpus}/annotations/gold/{name}.jsonl"):
            descriptor = os.open(path, os.O_RDONLY)
            raw = os.read(descriptor, os.fstat(descriptor).st_size)
            os.close(descriptor)
            sha256(raw).hexdigest()
        for each in raw.splitlines():
            orjson.loads(each)
    with tempfile.TemporaryDirectory() as out:
        for path in sorted((folder / "arrow").rglob("*.arrow")):
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            options = {"compression": "zstd", "compression_level": 3}
            with pq.ParquetWriter(f"{out}/x", table.schema, **options) as writer:
                if len(table):
                    writer.write_table(table)


def run_build(corpus: Path, folder: Path, *options: str) -> None:
    """Build the whole corpus, without a cache."""
    for path in (*folder.glob(".fresh*"), folder / "fresh"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    run_command("build", str(corpus), "--output", str(folder / "fresh"), *options)


def run_check(corpus: Path, folder: Path, *options: str) -> None:
    """Check the whole corpus, without a cache."""
    for path in (corpus / "build").glob(".check*"):
        path.unlink()
    run_command("check", str(corpus), *options)


def run_command(*arguments: str) -> None:
    """Run the command ``readout`` in this process."""
    from readout.cli import main

    main([*arguments], standalone_mode=False)


def run_nothing(corpus: Path, folder: Path) -> None:
    """Build again after no change."""
    run_command("build", str(corpus), "--output", str(folder / "hub"))


def run_changed(corpus: Path, folder: Path) -> None:
    """Build again after a change of one label in one document."""
    path = sorted((corpus / "annotations/gold").iterdir())[0]
    raw = path.read_bytes()
    before, after = b'"expression":"explicit"', b'"expression":"implicit"'
    if before not in raw:
        before, after = after, before
    path.write_bytes(raw.replace(before, after, 1))
    run_nothing(corpus, folder)


def run_help(corpus: Path, folder: Path) -> None:
    """Print the help of the command."""
    run_command("--help")


def run_real(corpus: Path, folder: Path) -> None:
    """Check the corpus of this repository: five documents with all their layers."""
    run_command("check", str(Path(__file__).parents[1]))


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "floor": run_floor,
    "build": run_build,
    "build-1": lambda corpus, folder: run_build(corpus, folder, "--jobs", "1"),
    "check": run_check,
    "check-1": lambda corpus, folder: run_check(corpus, folder, "--jobs", "1"),
    "datasets": run_datasets,
    "datasets-rows": run_datasets_rows,
    "docbin": run_docbin,
    "cassis": run_cassis,
    "jsonschema": run_jsonschema,
    "nothing": run_nothing,
    "changed": run_changed,
    "help": run_help,
    "real": run_real,
}

if __name__ == "__main__":
    *preparing, peer, corpus_folder, work_folder = sys.argv[1:]
    run_peer = partial(prepare, peer) if preparing else PEERS[peer]
    run_peer(Path(corpus_folder), Path(work_folder))
