"""Add the schemas, the built data and their sources to the wheel, which then works offline."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataBuildHook(BuildHookInterface[Any]):
    """Compile the corpus when a wheel is built; an editable install reads the checkout instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the data in a temporary folder and add this folder to the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from readout.dataset.build import build_hub
        from readout.report.problems import format_text

        self._folder = tempfile.TemporaryDirectory()
        hub = Path(self._folder.name) / "hub"
        built = build_hub(root, hub)
        if not built.infos:
            raise SystemExit("\n".join(map(format_text, built.problems)))
        included = {str(hub): "readout/_data/hub", str(root / "schema"): "readout/_data/schema"}
        for name in ("raw", "annotations"):  # documents are read from the sources
            included[str(root / name)] = f"readout/_data/corpus/{name}"
        build_data["force_include"].update(included)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if version != "editable":
            self._folder.cleanup()
