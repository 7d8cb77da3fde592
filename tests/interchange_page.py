"""Writes ``docs/interchange.md`` from the formats: part of ``make docs``."""

from pathlib import Path

from readout.interchange.formats import format_reference

PAGE = Path(__file__).parent.parent / "docs" / "interchange.md"

HEAD = """# In and out of other tools

Generated from the formats by `make docs`; do not edit. Install the libraries with
`pip install "readout-corpus[interchange]"`.

```sh
readout export brat --output out                                  # gold, every document
readout export labelstudio --output out --layer ann --layer ben   # the layers of two annotators
readout import brat out --annotator ann                           # to annotations/by/ann/
readout import labelstudio export.json --annotator 1=ann --annotator 2=ben
mkdir corpus && readout import polnear data/dev --corpus corpus --annotator polnear
```

Offsets are Unicode code points here; each format's own unit is converted where the files are written and read. An
import verifies every span against the text. With any problem it writes nothing and exits with 1; what it reads goes to
`annotations/by/`, never to gold. What a format cannot carry is told at every use, and is tested: import after export is
identity up to what is listed here. `pytest -m labelstudio` repeats the proof on a real Label Studio server, which it
installs into an environment of its own and starts on loopback.

"""


def format_page() -> str:
    """Return the page."""
    return HEAD + format_reference()


def write_page() -> None:
    """Bring the page up to date."""
    PAGE.write_text(format_page(), encoding="utf-8", newline="\n")
