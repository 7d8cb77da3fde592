"""Upload a built folder to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from readout.dataset.build import is_current
from readout.dataset.card import split_front_matter
from readout.dataset.companions import CARD
from readout.problem import RefusedError, format_count
from readout.scale.workers import Options

_SHARDS = "data/*"
"""Files of an earlier upload that are removed if the new one lacks them; others are kept."""

_CLIENTS = ("httpx", "httpx2", "requests")
"""The packages of which ``huggingface_hub`` uses one, by its version, to reach the Hub."""


class Plan(NamedTuple):
    """A built folder and the dataset repository that it goes to.

    ``files`` are the sizes of the files in bytes, by their path in the folder.
    """

    folder: Path
    repo_id: str
    private: bool
    version: str
    files: dict[str, int]

    def describe(self) -> list[str]:
        """Return the lines that say what is uploaded, and who will see it."""
        size = sum(self.files.values()) / 1e6
        seen = "private" if self.private else "public, unless it is private already"
        count = format_count(len(self.files), "file")
        lines = [f"To the dataset {self.repo_id} ({seen}): {count}, {size:.1f} MB."]
        shards = [path for path in self.files if path.startswith("data/")]
        lines += [f"  {path}" for path in self.files if path not in shards]
        lines.append(f"  {format_count(len(shards), 'Parquet file')} in data/")
        return lines


def plan_push(
    root: Path, folder: Path, repo_id: str, private: bool, options: Options | None = None
) -> Plan:
    """Return what an upload of a built folder will contain.

    Raises:
        RefusedError: the folder is not built, is not a build of the corpus as it is now, or the
            repository cannot have such a name.

    """
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise RefusedError(f"{error} Expected OWNER/NAME.") from error
    card = folder / CARD
    if not card.is_file():
        raise RefusedError(f"There is no built dataset in {str(folder)!r}. Run `readout build`.")
    if not is_current(root, folder, options):
        raise RefusedError(
            f"The folder {str(folder)!r} is not what the corpus is now, or was changed after it "
            "was built. Run `readout build`, and push again."
        )

    front, _ = split_front_matter(card.read_text(encoding="utf-8"))
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path.stat().st_size
    return Plan(folder, repo_id, private, str(front.get("version") or ""), files)


def push_folder(plan: Plan) -> str:
    """Upload a folder, and return the address of the commit.

    Raises:
        RefusedError: the Hub cannot be reached, does not know the user or does not let them write,
            or the repository is public and should be private.

    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import HfHubHTTPError

    if get_token() is None:
        raise RefusedError("You are not logged in. Log in with `hf auth login`, or set HF_TOKEN.")
    api = HfApi()
    try:
        api.create_repo(plan.repo_id, repo_type="dataset", private=plan.private, exist_ok=True)
        _refuse_public(api, plan)
        commit = api.upload_folder(
            repo_id=plan.repo_id,
            repo_type="dataset",
            folder_path=plan.folder,
            commit_message=f"Upload version {plan.version}".rstrip(),
            delete_patterns=_SHARDS,
        )
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403):
            raise RefusedError(
                f"The Hub does not let you write to {plan.repo_id!r}. "
                "Log in with `hf auth login`, or set HF_TOKEN to a token that may write."
            ) from error
        raise RefusedError(f"The Hub refused the upload: {error}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _CLIENTS:
            raise
        raise RefusedError(f"The Hub cannot be reached: {error}") from error
    return str(commit.commit_url)


def _refuse_public(api: Any, plan: Plan) -> None:
    """Refuse a repository that is public already, if the upload should be private."""
    if plan.private and not api.repo_info(plan.repo_id, repo_type="dataset").private:
        raise RefusedError(
            f"The dataset {plan.repo_id!r} is public. Make it private in its settings on the Hub, "
            "or push without --private."
        )
