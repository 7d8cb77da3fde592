"""Build the documentation site: ``python docs/site/build.py [FOLDER]``, by default build/site.

The site is static and asks nothing of another host. Sphinx makes its pages from the Markdown files
of the repository. The pages of the texts are those of ``readout preview``, and the plots are drawn
from the corpus.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from plots import write_plots
from sphinx.cmd.build import build_main

from readout.corpus.outputs import written_folder
from readout.corpus.read import read_corpus
from readout.workbench.preview import write_preview

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TEXTS = "texts"
PLOTS = "plots"
BOARD = "submissions/LEADERBOARD.html"
HOMEWARD = '<nav><a href="index.html">Home</a></nav>\n'
"""What the page of the board lacks as a part of the site."""


def build_site(folder: Path) -> int:
    """Write the site into an empty folder, and return the exit code of Sphinx."""
    corpus, _ = read_corpus(ROOT)
    texts = folder / TEXTS
    texts.mkdir()
    write_preview(texts, corpus, home="../index.html")
    plots = folder / PLOTS
    plots.mkdir()
    write_plots(plots, corpus)

    with tempfile.TemporaryDirectory() as cache:
        options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), "-d", cache]
        code = build_main([*options, str(ROOT), str(folder)])
    (folder / ".buildinfo").unlink(missing_ok=True)
    board = (ROOT / BOARD).read_text(encoding="utf-8")
    (folder / "board.html").write_text(
        board.replace("<h1>", f"{HOMEWARD}<h1>", 1), encoding="utf-8"
    )
    # README shows these in HTML, which Sphinx does not look into.
    for picture in sorted(ROOT.glob("docs/picture-*.png")):
        shutil.copyfile(picture, folder / "docs" / picture.name)
    return code


def main() -> None:
    """Replace the site, unless Sphinx warns of anything, such as a link that leads nowhere."""
    target = Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / "build/site"
    with written_folder(target, "site") as folder:
        code = build_site(folder)
        if code:
            sys.exit(code)
    print(f"Open {target / 'index.html'} in a browser.")


if __name__ == "__main__":
    main()
