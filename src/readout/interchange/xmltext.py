"""What XML 1.0 can carry: it has no way to write most control characters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from readout.interchange.inbox import Inbox
from readout.interchange.outbox import Outbox, Sheet
from readout.model import annotation_type

LOSS = "A text or note with a character that XML 1.0 cannot write, such as U+0001, is refused on export."
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_writable(outbox: Outbox, sheet: Sheet) -> bool:
    """Tell whether a sheet can be written as XML, and report what cannot."""
    strings = [("text", sheet.text)]
    strings += [(f"note of the {annotation_type(record)} {record.id!r}", record.note or "") for record in sheet.records]
    for what, value in strings:
        if found := _ILLEGAL.search(value):
            message = f"The {what} holds the character U+{ord(found.group()):04X}, which XML 1.0 cannot write."
            outbox.refuse(sheet, message, "export the document in a format that is not XML.")
            return False
    return True


def parse_xml(inbox: Inbox, file: Path) -> Any:
    """Return the root element of an XML file, without entities or network; None, with a problem, if it is not XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        return etree.fromstring(file.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else None
        inbox.report("foreign-syntax", str(file), f"The file is not XML: {error.msg}.", "correct the file.", line)
        return None
