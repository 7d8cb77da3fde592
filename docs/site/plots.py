"""Draw plots of the corpus as SVG, each for light and for dark pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

from readout.agreement.pairs import compare_all_pairs
from readout.agreement.report import estimate_measures
from readout.model import Corpus, Quote, Stance, Topic
from readout.report.intervals import Estimate
from readout.text.matching import overlap

THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {"ink": "#1f2328", "line": "#d8d4cb", "low": "#ffffff", "high": "#a98bd0"},
    "dark": {"ink": "#f0ede6", "line": "#3a3f46", "low": "#131416", "high": "#6b3fa0"},
}
"""Colours of words and lines, and of the lowest and the highest number of a map."""
POLARITIES = {
    "light": {"favor": "#00725a", "against": "#b8360b", "neutral": "#606870"},
    "dark": {"favor": "#4ecfae", "against": "#ff8a5f", "neutral": "#aab2bc"},
}
SHOWN = 10
"""How many speakers, topics or targets a plot shows: the most frequent."""
WIDTH = 7.6
"""Inches: as wide as the column of a page, so that the words are not made smaller."""
NARROW = 26
"""The most characters of a line of the label of a row."""
SLANTED: Mapping[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
"""The style of labels below columns."""
Draw = Callable[[Corpus, str], Any]


def draw_speakers(corpus: Corpus, theme: str) -> Any:
    """Draw how many quotes of each speaker are in a passage about each topic."""
    cells: Counter[tuple[str, str]] = Counter()
    for document in corpus.documents:
        topics = [record for record in document.gold.records if isinstance(record, Topic)]
        for record in document.gold.records:
            if isinstance(record, Quote) and record.within is None:
                about = {each.topic for each in topics if overlap(each.spans, record.content)}
                cells.update([(record.speaker, topic) for topic in about])

    topics_shown = _most_frequent([topic for _, topic in cells.elements()])
    speaking = [speaker for speaker, topic in cells.elements() if topic in topics_shown]
    speakers = _most_frequent(speaking)
    grid = [[cells[speaker, topic] for topic in topics_shown] for speaker in speakers]
    figure, axes = _open_figure(theme, 0.46 * len(speakers) + 2.2)
    _draw_map(axes, grid, theme, "{}")
    names = corpus.registries.speakers
    labels = corpus.registries.topics
    topic_names = [labels[topic].label for topic in topics_shown]
    axes.set_xticks(range(len(topic_names)), topic_names, **SLANTED)
    _label_rows(axes, [names[speaker].name for speaker in speakers])
    return figure


def draw_stances(corpus: Corpus, theme: str) -> Any:
    """Draw the stances of each holder on each target: one dot per polarity, its area the number."""
    cells: Counter[tuple[str, str, str]] = Counter()
    for document in corpus.documents:
        for record in document.gold.records:
            if isinstance(record, Stance):
                cells[record.holder, record.target, record.polarity] += 1

    holders = _most_frequent([holder for holder, _, _ in cells.elements()])
    aimed_at = [target for holder, target, _ in cells.elements() if holder in holders]
    targets = _most_frequent(aimed_at, 2 * SHOWN)
    figure, axes = _open_figure(theme, 0.4 * len(targets) + 2.4)
    for shift, (polarity, colour) in zip((-0.25, 0, 0.25), POLARITIES[theme].items(), strict=True):
        dots = [
            (holders.index(holder) + shift, targets.index(target), number)
            for (holder, target, each), number in cells.items()
            if each == polarity and holder in holders and target in targets
        ]
        xs, ys, numbers = zip(*dots, strict=True) if dots else ((), (), ())
        areas = [30 * number for number in numbers]
        marker = {"favor": "o", "against": "s", "neutral": "D"}[polarity]
        axes.scatter(xs, ys, s=areas, color=colour, marker=marker, label=polarity, linewidths=0)

    names = corpus.registries.speakers
    holder_names = [names[each].name for each in holders]
    axes.set_xticks(range(len(holders)), holder_names, **SLANTED)
    _label_rows(axes, [corpus.registries.targets[each].label for each in targets])
    axes.invert_yaxis()
    axes.margins(x=0.05, y=0.04)
    axes.grid(color=THEMES[theme]["line"], linewidth=0.6)
    axes.set_axisbelow(True)
    legend = axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    for handle in legend.legend_handles:
        handle.set_sizes([40])
    return figure


def draw_agreement(corpus: Corpus, theme: str) -> Any:
    """Draw the agreement of every two annotators: the overlap of spans, and κ of their labels."""
    rows: dict[str, list[Estimate]] = {}
    for pair in compare_all_pairs(corpus.documents):
        for kind, types in pair.types.items():
            for name, measures in estimate_measures(types).items():
                shown = "overlap F1" if name == "spans" else "κ"
                estimate = measures.get(shown)
                if estimate is not None and estimate.value is not None:
                    rows.setdefault(f"{kind}: {name}, {shown}", []).append(estimate)

    most = max(map(len, rows.values()), default=0)
    figure, axes = _open_figure(theme, (0.25 + 0.15 * most) * len(rows) + 1)
    colour = POLARITIES[theme]["favor"]
    bounds = [0.0]
    for y, estimates in enumerate(rows.values()):
        for number, estimate in enumerate(estimates):
            place = y + (number - (len(estimates) - 1) / 2) * 0.6 / most
            axes.plot([estimate.value], [place], "o", color=colour, markersize=6)
            if estimate.low is not None and estimate.high is not None:
                # A jackknife interval may reach beyond what the measures can be.
                ends = [max(estimate.low, -1.0), min(estimate.high, 1.0)]
                axes.plot(ends, [place, place], color=colour, linewidth=1.5)
                bounds += ends

    _label_rows(axes, list(rows))
    axes.invert_yaxis()
    axes.set_xlim(min(bounds) - 0.02, 1.02)
    axes.grid(color=THEMES[theme]["line"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("agreement of a pair of annotators, with its 95 % interval")
    return figure


def draw_topics(corpus: Corpus, theme: str) -> Any:
    """Draw the share of each text that is about each topic, by date of publication."""
    documents = sorted(corpus.documents, key=lambda each: each.meta.published or "")
    shares: list[Counter[str]] = []
    for document in documents:
        places: dict[str, set[int]] = {}
        for record in document.gold.records:
            if isinstance(record, Topic):
                for span in record.spans:
                    places.setdefault(record.topic, set()).update(range(span.start, span.end))
        size = max(len(document.text), 1)
        shares.append(Counter({name: round(100 * len(at) / size) for name, at in places.items()}))

    total = sum(shares, Counter())
    topics = [name for name, _ in total.most_common(SHOWN)]
    grid = [[share[topic] for share in shares] for topic in topics]
    figure, axes = _open_figure(theme, 0.46 * len(topics) + 1)
    _draw_map(axes, grid, theme, "{} %")
    dates = [document.meta.published or "undated" for document in documents]
    axes.set_xticks(range(len(dates)), dates)
    _label_rows(axes, [corpus.registries.topics[topic].label for topic in topics])
    return figure


PLOTS: Mapping[str, Draw] = {
    "speakers": draw_speakers,
    "stances": draw_stances,
    "agreement": draw_agreement,
    "topics": draw_topics,
}
"""The plots by name, which is that of their files too."""


def write_plots(folder: Path, corpus: Corpus) -> None:
    """Write ``<plot>-<theme>.svg`` for every plot and theme."""
    for theme, colours in THEMES.items():
        style: dict[Any, str] = {
            "svg.hashsalt": "readout",  # equal corpora give equal files
            "svg.fonttype": "none",  # words stay words, for search and screen readers
            "text.color": colours["ink"],
            "axes.labelcolor": colours["ink"],
            "axes.edgecolor": colours["line"],
            "xtick.color": colours["ink"],
            "ytick.color": colours["ink"],
        }
        with plt.rc_context(style):
            for name, draw in PLOTS.items():
                figure = draw(corpus, theme)
                path = folder / f"{name}-{theme}.svg"
                figure.savefig(path, transparent=True, metadata={"Date": None})
                plt.close(figure)


def _open_figure(theme: str, height: float) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def _draw_map(axes: Any, grid: Sequence[Sequence[int]], theme: str, form: str) -> None:
    """Draw numbers as cells, darker or lighter with the number, with the numbers in them."""
    colours = THEMES[theme]
    shades = LinearSegmentedColormap.from_list("shades", [colours["low"], colours["high"]])
    axes.imshow(grid, cmap=shades, aspect="auto", vmin=0)
    rows, columns = len(grid), len(grid[0]) if grid else 0
    axes.vlines([x - 0.5 for x in range(columns + 1)], -0.5, rows - 0.5, colours["line"], lw=0.6)
    axes.hlines([y - 0.5 for y in range(rows + 1)], -0.5, columns - 0.5, colours["line"], lw=0.6)
    for y, row in enumerate(grid):
        for x, number in enumerate(row):
            if number:
                axes.text(x, y, form.format(number), ha="center", va="center")


def _label_rows(axes: Any, labels: Sequence[str]) -> None:
    folded = [fill(label, NARROW) for label in labels]
    axes.set_yticks(range(len(labels)), folded)


def _most_frequent(names: Sequence[str], number: int = SHOWN) -> list[str]:
    return [name for name, _ in Counter(names).most_common(number)]
