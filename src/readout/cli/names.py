"""Define arguments that are names: known names are checked, and the shell completes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from readout.problem import RefusedError, nearest


class Name(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.3
    """A name from a fixed list, such as a format.

    ``find`` is called when the names are needed, since importing them takes time.
    """

    def __init__(self, kind: str, find: Callable[[], Iterable[str]]) -> None:
        self.name = kind
        self.find = find

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or fail with the nearest known one."""
        known = list(self.find())
        if value not in known:
            hint = nearest(value, known) or f"use one of {', '.join(known)}."
            self.fail(f"There is no {self.name} {value!r} here: {hint}", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the known names that start with the typed text."""
        return _complete(self.find(), incomplete)


class EntryName(click.ParamType):  # type: ignore[type-arg]
    """An id from a corpus, such as a document's. The command checks that it exists."""

    def __init__(self, kind: str, read: Callable[[Path], Iterable[str]]) -> None:
        self.name = kind
        self.read = read

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the ids that start with the typed text; none outside a corpus."""
        from readout.corpus.read import find_root

        try:
            return _complete(self.read(find_root(_find_folder(ctx))), incomplete)
        except (RefusedError, OSError):
            return []


def _find_folder(ctx: click.Context) -> Path | None:
    """Return the corpus folder that an unfinished command line names, if any.

    Before an option has its value, click leaves the arguments of the command in ``ctx.args``.
    """
    takes_folder = any(param.name == "folder" for param in ctx.command.params)
    unread = [Path(word) for word in ctx.args if takes_folder]
    named = ctx.params.get("corpus") or ctx.params.get("folder")
    return named or next(iter(unread), None)


def _complete(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


# ---------------------------------------------------------------- known names


def list_formats(*ways: str) -> dict[str, str]:
    """Return the titles, by name, of the formats that have one of these functions.

    The functions are ``write``, ``read`` and ``read_corpus``.
    """
    from readout.interchange.formats import FORMATS

    return {
        name: each.title
        for name, each in FORMATS.items()
        if any(getattr(each, way) is not None for way in ways)
    }


def list_exports() -> dict[str, str]:
    """Return the titles of the formats that ``readout export`` writes, by name."""
    return list_formats("write")


def list_imports() -> dict[str, str]:
    """Return the titles of the formats that ``readout import`` reads, by name."""
    return list_formats("read", "read_corpus")


def _list_tables() -> Iterable[str]:
    from readout.dataset.statistics import TABLES

    return TABLES


def _list_tasks() -> Iterable[str]:
    from readout.benchmark.tasks import TASKS

    return TASKS


def _list_baselines() -> Iterable[str]:
    from readout.benchmark.systems.baselines import BASELINES

    return BASELINES


EXPORT = Name("format", list_exports)
IMPORT = Name("format", list_imports)
TABLE = Name("table", _list_tables)
TASK = Name("task", _list_tasks)
BASELINE = Name("baseline", _list_baselines)


# ---------------------------------------------------------------- names in a corpus


def _read_documents(root: Path) -> list[str]:
    from readout.corpus.read import read_index

    return [record.doc_id for record in read_index(root)[0].records]


def _read_entries(registry: str, root: Path) -> Iterable[str]:
    from readout.corpus.read import read_registries

    entries: Iterable[str] = getattr(read_registries(root)[0], registry)
    return entries


def _read_layers(root: Path) -> list[str]:
    from readout.corpus.read import iter_annotators

    return ["gold", *iter_annotators(root)]


DOCUMENT = EntryName("document", _read_documents)
ANNOTATOR = EntryName("annotator", partial(_read_entries, "annotators"))
SPEAKER = EntryName("speaker", partial(_read_entries, "speakers"))
TARGET = EntryName("target", partial(_read_entries, "targets"))
LAYER = EntryName("layer", _read_layers)
