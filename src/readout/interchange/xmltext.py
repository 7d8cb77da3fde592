"""Parse XML safely, and find characters that XML 1.0 cannot represent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from readout.interchange.inbox import Inbox
from readout.interchange.outbox import Outbox, Sheet
from readout.model import annotation_type

LOSS = (
    "The export refuses a text or note with a character that XML 1.0 cannot represent, "
    "such as U+0001."
)
# The complement of the production Char of https://www.w3.org/TR/xml/#charsets.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITY_HINT = "write the character in place of the entity."
_DECLARATION_HINT = "write characters in place of the entities, and remove their declarations."
_CHUNK = 65_536


class DeclaredEntityError(ValueError):
    """An XML file declares an entity of its own, as those do that expand to gigabytes."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The file declares the entity {name!r}, and entities are not resolved.")
        self.hint = _DECLARATION_HINT


def check_xml_text(outbox: Outbox, sheet: Sheet) -> bool:
    """Return whether XML can represent a sheet; report the first character that it cannot."""
    strings = {"text": sheet.text}
    for record in sheet.records:
        strings[f"note of the {annotation_type(record)} {record.id!r}"] = record.note or ""

    for title, string in strings.items():
        found = _ILLEGAL.search(string)
        if found:
            char = f"U+{ord(found.group()):04X}"
            message = f"The {title} contains the character {char}, which XML 1.0 cannot represent."
            hint = (
                "export the document as cas-json or brat, which are not XML, "
                "or give --skip to export all others."
            )
            outbox.refuse(sheet, message, hint)
            return False

    return True


def parse_xml(inbox: Inbox, file: Path) -> Any:
    """Return the root element of an XML file.

    Report a problem and return None if the file is not XML, or if it needs entities of its own, as
    the text would lack what they stand for.
    """
    from lxml import etree

    try:
        root = parse_safely(file.read_bytes())
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else None
        inbox.report("foreign-syntax", str(file), *explain_syntax(error), line)
        return None
    except DeclaredEntityError as error:
        inbox.report("foreign-syntax", str(file), str(error), error.hint)
        return None

    # An external definition, which is never read, may be where the entity is declared.
    entity = next(root.iter(etree.Entity), None)
    if entity is not None:
        message = f"The file names the entity {entity.text!r}, and entities are not resolved."
        inbox.report("foreign-syntax", str(file), message, _ENTITY_HINT, entity.sourceline)
        return None
    return root


def parse_safely(content: bytes) -> Any:
    """Return the root element of XML, without resolving entities or using the network.

    Raises:
        XMLSyntaxError: it is not XML.
        DeclaredEntityError: it declares an entity. Even a parser that leaves entities in texts as
            they are expands them in attributes, which can take all memory.

    """
    from lxml import etree

    name = _find_declared_entity(content)
    if name is not None:
        raise DeclaredEntityError(name)

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return etree.fromstring(content, parser)


def _find_declared_entity(content: bytes) -> str | None:
    """Return the name of the first entity that the head of a file declares; None if none does.

    Only the part before the content of the root is parsed, with the limits of the parser on.
    """
    from lxml import etree

    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True)
    for start in range(0, len(content), _CHUNK):
        parser.feed(content[start : start + _CHUNK])
        for _, root in parser.read_events():
            definition = root.getroottree().docinfo.internalDTD
            entities = [] if definition is None else definition.iterentities()
            return next((entity.name for entity in entities), None)
    return None


def explain_syntax(error: Any) -> tuple[str, str]:
    """Return what is wrong with a file that lxml cannot read, and a remedy."""
    from lxml.etree import ErrorTypes

    if error.code == ErrorTypes.ERR_INVALID_CHAR:
        message = f"The file contains a character that only XML 1.1 allows: {error.msg}."
        hint = "export the document in a format that is not XML, such as UIMA CAS JSON."
        return message, hint
    if error.code == ErrorTypes.ERR_UNDECLARED_ENTITY:
        message = f"The file names an entity that it does not define: {error.msg}."
        return message, _ENTITY_HINT
    if "entity" in error.msg:
        # The codes of endless and of huge entities differ between versions of libxml2.
        return (
            f"The file declares entities, which are not resolved: {error.msg}.",
            _DECLARATION_HINT,
        )
    return f"The file is not XML: {error.msg}.", "correct the file, or export it again."
