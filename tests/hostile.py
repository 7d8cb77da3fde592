"""A document with text that breaks pages: markup, scripts, directions, emoji, white space."""

import json

BAD = '</script><script>window.hacked = "yes"</script><img src=x onerror="window.hacked=1">'
TEXT = (
    f"Levi’s “café” \u2014 cafe\N{COMBINING ACUTE ACCENT} {BAD} & more.\r\n\r\n"
    "השר נועם לוי אמר: “שלום 🚢 world” היום.\n"
    "قال الوزير: «نرحب بالعبّارة» Levi.\n\n"
    "   Two  spaces,\ttab, family 👩‍👩‍👧 and 𝔘nicode.   \n"
)
RECORDS = (
    {
        "type": "mention",
        "id": "m-levi",
        "speaker": "noam-levi",
        "span": {"exact": "נועם לוי"},
        "note": BAD,
    },
    {
        "type": "quote",
        "id": "q-shalom",
        "form": "direct",
        "speaker": "noam-levi",
        "source": "m-levi",
        "content": [{"exact": "“שלום 🚢 world”"}],
        "cue": [{"exact": "אמר"}],
        "statement": "belongs-to-everyone",
    },
    {
        "type": "quote",
        "id": "q-ferry",
        "form": "mixed",
        "speaker": "noam-levi",
        "content": [{"exact": "«نرحب بالعبّارة» Levi"}],
        "cue": [{"exact": "قال"}],
    },
    {"type": "topic", "id": "t-toll", "topic": "toll", "spans": [{"exact": f"{BAD} & more"}]},
    {
        "type": "stance",
        "id": "s-ferry",
        "holder": "noam-levi",
        "target": "ferry",
        "polarity": "against",
        "expression": "implicit",
        "evidence": [{"exact": "<script>window.hacked"}, {"exact": "𝔘nicode"}],
        "quote": "q-ferry",
        "note": BAD,
    },
    {"type": "mention", "id": "m-family", "speaker": "ada-quill", "span": {"exact": "👩‍👩‍👧"}},
)


def make_hostile(root):
    """Put the text and its annotations into one document of a copy of the small corpus."""
    doc_id = "2030-02-toll-critics"
    (root / f"raw/text/{doc_id}.txt").write_text(TEXT, encoding="utf-8", newline="")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
    (root / f"annotations/gold/{doc_id}.jsonl").write_text(lines, encoding="utf-8", newline="\n")
    index = root / "raw/documents.jsonl"
    documents = [json.loads(line) for line in index.open(encoding="utf-8")]
    documents[-1]["title"] = f"شكرا {BAD}"
    index.write_text(
        "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents),
        encoding="utf-8",
        newline="\n",
    )
    speakers = root / "annotations/speakers.jsonl"
    raw = speakers.read_text(encoding="utf-8").replace(
        '"name":"Noam Levi"', f'"name":{json.dumps(BAD)}'
    )
    speakers.write_text(raw, encoding="utf-8", newline="\n")
