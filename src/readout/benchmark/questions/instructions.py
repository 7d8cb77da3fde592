"""The instructions of each task, which every item shows; they define all labels."""

from __future__ import annotations

from collections.abc import Mapping

_OFFSETS = "Offsets count the characters (Unicode code points) of the text from 0, end excluded."

_SIDES = """\
favor: the paragraph shows that the holder supports the proposition, as "favor_means" describes.
against: the paragraph shows that the holder rejects it, as "against_means" describes."""

_JUDGE = """\
Judge by the paragraph alone, not by what is known of the holder. What the paragraph reports of \
the holder's words and deeds counts. The words of other people are not the holder's position."""

_STANCE = f"""\
Does the paragraph show a position of the holder on the proposition? Answer with one label.
{_SIDES}
none: the paragraph shows no position of the holder on it. Its subject may not come up, only \
others may take a position, or the holder may bring it up without taking one.
{_JUDGE}"""

_POLARITY = f"""\
The paragraph shows how the holder relates to the proposition. Answer with one label.
{_SIDES}
neutral: the holder brings the subject of the proposition up, or pointedly avoids it, without \
taking a position.
{_JUDGE}"""

_EVIDENCE = f"""\
Which words of the paragraph show how the holder relates to the proposition: in favor of it, \
against it, or neutral (bringing its subject up without taking a position)? Answer with a list of \
[start, end] lists, one per passage. {_OFFSETS}
{_JUDGE}"""

_TUPLES = f"""\
Which stances does the document contain? Answer with a list of objects, one per stance. "holder" \
is the id of a speaker, "target" the id of a target. "polarity" is "favor" if the holder supports \
the target's proposition, "against" if the holder rejects it, and "neutral" if the holder brings \
its subject up, or pointedly avoids it, without taking a position. "evidence" is a list of \
[start, end] lists, one per passage that shows the stance. {_OFFSETS}"""

_ATTRIBUTION = """\
Who says, writes or is reported to say the words of the text, which the document contains at \
"spans"? Answer with the id of one speaker."""

_QUOTATIONS = f"""\
Which direct and indirect quotes does the document contain? Answer with a list of objects, one \
per quote. "content" is a list of the [start, end] lists of what is said, "cue" of the words that \
introduce it, such as a verb of speech. "source" is the [start, end] list of the words that name \
who says it, or null; "speaker" is the id of that speaker, or null. {_OFFSETS}"""

INSTRUCTIONS: Mapping[str, str] = {
    "polarity": _POLARITY,
    "stance": _STANCE,
    "evidence": _EVIDENCE,
    "counter": _POLARITY,
    "tuples": _TUPLES,
    "attribution": _ATTRIBUTION,
    "quotations": _QUOTATIONS,
}
"""The text for each task by its name."""
