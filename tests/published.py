"""Count what came in of a published corpus, by a reading of its files that shares no code.

Usage: ``python tests/published.py FORMAT FOLDER CORPUS``, after ``readout import`` brought the
folder into the corpus; files of annotation tools, by a mapping that makes every label a mention.
Each function yields one outcome per annotation of the published files: ``in``, ``left out``, or
``wrong`` if it came in changed; and ``wrong`` for each annotation of the corpus that the files do
not have.
"""

import ast
import csv
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from unicodedata import category, normalize
from xml.etree import ElementTree


def read_lines(path):
    lines = path.read_bytes().decode().split("\n")
    return [json.loads(line) for line in lines if line]


class Imported:
    """A corpus folder, read as plain JSON."""

    def __init__(self, root):
        self.texts = {}
        for path in (root / "raw/text").glob("*.txt"):
            self.texts[path.stem] = path.read_bytes().decode()
        self.metas = {meta["doc_id"]: meta for meta in read_lines(root / "raw/documents.jsonl")}
        self.by_origin = {meta["origin"]: doc_id for doc_id, meta in self.metas.items()}
        speakers = read_lines(root / "annotations/speakers.jsonl")
        self.speakers = {speaker["speaker_id"]: speaker for speaker in speakers}
        self.layers = {}
        for path in (root / "annotations/by").glob("*/*.jsonl"):
            self.layers[path.parent.name, path.stem] = read_lines(path)

    def find(self, kind, key):
        """Return the records of a type by annotator, document and a key of the text and record."""
        found = defaultdict(list)
        for (annotator, doc_id), records in self.layers.items():
            text = self.texts[doc_id]
            for record in records:
                if record["type"] == kind:
                    for span in list_spans(record):
                        assert text[span["start"] : span["end"]] == span["exact"]
                    found[annotator, doc_id, key(text, record)].append(record)
        return found


def list_spans(record):
    return [record["span"]] if "span" in record else record.get("content") or record["evidence"]


def merge(text, pairs):
    """Return pairs of offsets without outer white space; those without words between are one."""
    merged = []
    for start, end in sorted(pairs):
        words = text[start:end]
        start, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
        if start >= end:
            continue
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return tuple(map(tuple, merged))


def merged_spans(text, spans):
    return merge(text, [(span["start"], span["end"]) for span in spans])


def squeeze(name):
    """Return a name as registries contain it: in form C, without controls, with single spaces."""
    plain = "".join(" " if category(char) == "Cc" else char for char in name)
    return normalize("NFC", " ".join(plain.split()))


# ---------------------------------------------------------------- the corpora


def count_pdnc(folder, corpus):
    quotes = corpus.find("quote", to_place)
    mentions = corpus.find("mention", to_place)
    for table in sorted([*folder.rglob("quotation_info.csv"), *folder.rglob("quotations.csv")]):
        text_file = next(table.parent.glob("*text.txt"))
        text = text_file.read_bytes().decode()
        doc_id = corpus.by_origin[table.parent.name]
        assert corpus.texts[doc_id] == text
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                pairs = ast.literal_eval(row["quoteByteSpans"])
                key = "pdnc", doc_id, merge(text, pairs)
                yield "quotes", take(corpus, quotes, key, [row["speaker"]])

                spans, entities = row["mentionSpansList"], row["mentionEntitiesList"]
                for each in zip(*map(ast.literal_eval, (spans, entities)), strict=True):
                    shifted = len(each[0]) != len(each[1])
                    for index, pair in enumerate(each[0]):
                        names = None if shifted else each[1][index]
                        key = "pdnc", doc_id, merge(text, [pair])
                        yield "mentions", take(corpus, mentions, key, names)
    yield from list_surplus("quotes", quotes)
    yield from list_surplus("mentions", mentions)


def to_place(text, record):
    return merged_spans(text, list_spans(record))


def take(corpus, found, key, names):
    """Remove a record from those found, and return the outcome; None as names fits none."""
    records = found.get(key, [])
    for index, record in enumerate(records):
        if names is not None and fits(corpus, record["speaker"], names):
            del records[index]
            return "in"
    return "wrong" if records and names is not None else "left out"


def fits(corpus, speaker_id, names):
    """Return whether a speaker is who the names mean: by name or alias, in any order."""
    speaker = corpus.speakers[speaker_id]
    members = [corpus.speakers[each] for each in speaker.get("members", ())] or [speaker]
    left = {squeeze(name) for name in names}
    special = {
        "_unknowable": "unstated-speaker",
        "_narr": "narrator",
        "_group": "unstated group",
    }
    for member in members:
        own = {member["name"], *member.get("aliases", ())}
        mine = {name for name in left if special.get(name, name) in own}
        if not mine:
            return False
        left -= mine
    return not left


def list_surplus(kind, found):
    for records in found.values():
        for _ in records:
            yield kind, "wrong"


def count_polnear(folder, corpus):
    quotes = corpus.find("quote", to_place)
    splits = {"train": "train", "dev": "validation", "test": "test"}
    for file in sorted(folder.rglob("*.ann")):
        name, _, author = file.stem.rpartition("_")
        text_file = file.parent.parent / "text" / f"{name}.txt"
        split = splits.get(file.parent.parent.name)
        text = text_file.read_bytes().decode() if text_file.is_file() else None
        doc_id = corpus.by_origin.get(name)
        assert doc_id is None or corpus.texts[doc_id] == text
        content = file.read_bytes().decode()
        bounds = {}
        for found in re.finditer(r"^(T\d+)\t\S+ ([\d ;]+)\t", content, re.MULTILINE):
            bounds[found[1]] = [tuple(map(int, p.split())) for p in found[2].split(";")]

        for found in re.finditer(r"^E\d+\t\S+((?: \w+:T\d+)*)", content, re.MULTILINE):
            parts = defaultdict(list)
            for role, bound in re.findall(r"([A-Za-z]+)\d*:(T\d+)", found[1]):
                parts[role] += bounds[bound]
            kind = "quotes" if split else "quotes of no split"
            if doc_id is None:
                yield kind, "left out"
                continue
            key = f"polnear-{author}", doc_id, merge(text, parts["Content"])
            yield kind, take_attribution(corpus, quotes, key, text, parts, split)
    yield from list_surplus("quotes", quotes)


def take_attribution(corpus, quotes, key, text, parts, split):
    sources = merge(text, parts["Source"])
    name = squeeze(text[slice(*sources[0])]) if sources else "unstated-speaker"
    records = quotes.get(key, [])
    for index, record in enumerate(records):
        same_cue = merged_spans(text, record.get("cue", ())) == merge(text, parts["Cue"])
        same_name = corpus.speakers[record["speaker"]]["name"] == name
        if same_cue and same_name and corpus.metas[key[1]]["split"] == split:
            del records[index]
            return "in"
    return "wrong" if records else "left out"


def count_semeval(folder, corpus):
    stances = corpus.find("stance", to_position)
    polarities = {"FAVOR": "favor", "AGAINST": "against", "NONE": "neutral"}
    for file in sorted(folder.rglob("*all-annotations.txt")):
        split = "test" if file.name.startswith("test") else "train"
        for line in file.read_bytes().split(b"\n")[1:]:
            if not line:
                continue
            number, target, tweet, stance = line.decode("latin-1").split("\t")[:4]
            doc_id = corpus.by_origin.get(f"tweet {number}")
            if doc_id is None:
                yield f"stances, {split}", "left out"
                continue
            key = "semeval", doc_id, (slugify(target), polarities[stance])
            same = corpus.texts[doc_id].encode("utf-8").decode("latin-1") == tweet
            came_in = stances.pop(key, None) is not None
            right = same and came_in and corpus.metas[doc_id]["split"] == split
            yield f"stances, {split}", "in" if right else "wrong"
    yield from list_surplus("stances", stances)


def to_position(text, record):
    return record["target"], record["polarity"]


def slugify(label):
    return re.sub("[^a-z0-9]+", "-", label.lower())


def count_parc(folder, corpus):
    escapes = {"``": "“", "''": "”", "-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}"}

    quotes = corpus.find("quote", to_letters)
    for file in sorted(folder.rglob("*.xml")):
        contents = defaultdict(dict)
        for word in ElementTree.parse(file).iter("WORD"):
            token = escapes.get(word.get("text"), word.get("text"))
            for attribution in word.iter("attribution"):
                for role in attribution.iter("attributionRole"):
                    if role.get("roleValue") == "content":
                        contents[attribution.get("id")][int(word.get("word"))] = token
                    else:
                        contents[attribution.get("id")]
        doc_id = f"0000-00-{file.stem.replace('_', '-')}"
        for tokens in contents.values():
            words = "".join(tokens[number] for number in sorted(tokens))
            records = quotes.get(("parc", doc_id, words))
            yield "quotes", "in" if records and records.pop() else "left out"
    yield from list_surplus("quotes", quotes)


def to_letters(text, record):
    """Return the words of a record without any space, since PARC gives only its tokens."""
    return "".join("".join(span["exact"] for span in list_spans(record)).split())


COUNTS = {
    "pdnc": count_pdnc,
    "polnear": count_polnear,
    "semeval": count_semeval,
    "parc": count_parc,
}


# ---------------------------------------------------------------- files of annotation tools


def read_brat(folder):
    for file in sorted(folder.rglob("*.ann")):
        text_file = file.with_suffix(".txt")
        if text_file.is_file():
            text = text_file.read_bytes().decode()
            content = file.read_bytes().decode("utf-8-sig")
            bounds = {}
            for found in re.finditer(r"^(T\S*)\t\S+ ([\d ;]+)\t", content, re.MULTILINE):
                pairs = [tuple(map(int, pair.split())) for pair in found[2].split(";")]
                bounds[found[1]] = merge(text, pairs)
            events = re.findall(r"^E\S*\t\S+?:(T\S+)", content, re.MULTILINE)
            # The first event is its trigger; further events of a trigger have the same words.
            triggers = [trigger for trigger in bounds if trigger not in events]
            for name in [*triggers, *events]:
                for pair in bounds[name]:
                    yield text, *pair


def read_prodigy(folder):
    for file in sorted(folder.rglob("*.jsonl")):
        for task in read_lines(file):
            if task.get("answer", "accept") == "accept":
                for span in task.get("spans", ()):
                    yield task["text"], span["start"], span["end"]


def read_values(path):
    """Yield the JSON values of a file, over one or several lines each."""
    rest = path.read_bytes().decode().strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].lstrip()
        yield value


def read_doccano(folder):
    for file in sorted(folder.rglob("*.jsonl")):
        for line in read_values(file):
            text = line.get("text", line.get("data")) or ""
            units = text.encode("utf-16-le")
            entities = []
            for entity in line.get("entities", ()):
                is_list = isinstance(entity, list)
                pair = entity[:2] if is_list else (entity["start_offset"], entity["end_offset"])
                entities.append(pair)
            for start, end, *_ in [*entities, *line.get("label", ()), *line.get("labels", ())]:
                before = units[: 2 * start].decode("utf-16-le")
                words = units[2 * start : 2 * end].decode("utf-16-le")
                yield text, len(before), len(before) + len(words)


def read_labelstudio(folder):
    for file in sorted(folder.rglob("*.json")):
        tasks = json.loads(file.read_bytes())
        for task in tasks if isinstance(tasks, list) else [tasks]:
            for annotation in task.get("annotations", task.get("completions", ())):
                for region in annotation["result"]:
                    value = region["value"]
                    if "labels" in value and "start" in value:
                        text = task["data"][region["to_name"]]
                        # Versions before 1.0 give the offset of the last character as the end.
                        start, length = int(value["start"]), len(value["text"])
                        yield text, start, start + length


def read_xmi(folder):
    """Yield the annotations of every type but those of the text itself, in UTF-16 code units."""
    for file in sorted(folder.rglob("*.xmi")):
        root = ElementTree.parse(file).getroot()
        texts = {
            element.get("{http://www.omg.org/XMI}id"): element.get("sofaString")
            for element in root
            if element.tag.endswith("}Sofa")
        }
        for element in root:
            kind = element.tag.rpartition("}")[2]
            text = texts.get(element.get("sofa"))
            if element.get("begin") and text and kind not in NO_LABELS:
                units = text.encode("utf-16-le")
                start, end = int(element.get("begin")), int(element.get("end"))
                before = units[: 2 * start].decode("utf-16-le")
                words = units[2 * start : 2 * end].decode("utf-16-le")
                yield text, len(before), len(before) + len(words)


NO_LABELS = ("DocumentAnnotation", "DocumentMetaData", "Sentence", "Token", "TagsetDescription")
SPANS = {
    "brat": read_brat,
    "prodigy": read_prodigy,
    "doccano": read_doccano,
    "labelstudio": read_labelstudio,
    "cas-xmi": read_xmi,
}


def count_spans(name, folder, corpus):
    """Yield the outcome of every span of a folder that was imported with all labels as mentions."""
    found = Counter()
    for (_, doc_id), records in corpus.layers.items():
        for record in records:
            (span,) = list_spans(record)
            found[corpus.texts[doc_id], span["start"], span["end"]] += 1

    for text, start, end in SPANS[name](folder):
        for pair in merge(text, [(start, end)]) or [(start, end)]:
            place = text, *pair
            yield "spans", "in" if found[place] > 0 else "left out"
            found[place] -= 1
    for number in found.values():
        for _ in range(number):
            yield "spans", "wrong"


def count(name, folder, root):
    """Return how many annotations had each outcome, by their kind and the outcome."""
    folder, corpus = Path(folder), Imported(Path(root))
    if name in SPANS:
        return Counter(count_spans(name, folder, corpus))
    return Counter(COUNTS[name](folder, corpus))


if __name__ == "__main__":
    for (kind, outcome), number in sorted(count(*sys.argv[1:]).items()):
        print(f"{kind:24}{outcome:12}{number:8}")
