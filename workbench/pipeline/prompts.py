"""Prompt versions: kept beside each other by their content, and looked at on a real seed."""

import re
from dataclasses import dataclass

from storage import ledger, prompt_versions
from storage.errors import WinnowError
from storage.filters import SeedFilter
from storage.records import Prompt, Seed
from storage.seeds import count_seeds, get_seed, page_seeds
from workbench.generation.prompts import (
    FOLDER,
    PLACEHOLDER,
    Message,
    load_prompt,
    make_prompt,
    render,
    storable_text,
)
from workbench.workspace import Workspace

# Those that turn a snippet into a sample; the other files ask for something else.
BUILT_IN = ("oss-instruct", "oss-instruct-small", "oss-instruct-example")
LABELS = ("[Problem Description]", "[Solution]")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
# A prompt goes out with every request: far longer ones are a wrong file.
MOST_CHARACTERS = 50_000
SHORT = 8  # characters of an id that people read
FEWEST = 6  # characters of an id that name a version


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """A version with its way here: `parent_id` is what it was edited from, `created_at` in seconds
    since 1970 (None: built in and never used), `answers` what it got, `parsed` how many of those
    gave a sample."""

    prompt: Prompt
    built_in: bool
    parent_id: str | None
    saved_by: str | None
    created_at: float | None
    answers: int
    parsed: int

    @property
    def yielded(self) -> float | None:
        """The share (0 to 1) of its answers that gave a sample, or None without answers."""
        return self.parsed / self.answers if self.answers else None

    @property
    def label(self) -> str:
        """Its name and the beginning of its id."""
        return f"{self.prompt.name} · {self.prompt.id[:SHORT]}"


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    """What saving came to: `is_new` is false where this content is a version already."""

    prompt: Prompt
    is_new: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptPreview:
    """What a model is sent for one seed; `position` counts from 0 to `total`."""

    seed: Seed
    position: int
    total: int
    messages: list[Message]


def list_versions(workspace: Workspace) -> list[PromptVersion]:
    """Every version that samples can be asked with: the newest first, then unused built-in ones."""
    with workspace.database.read() as cursor:
        rows = prompt_versions.list_prompt_rows(cursor)
        yields = prompt_versions.prompt_yields(cursor)
    built_in = {prompt.id: prompt for prompt in map(load_prompt, BUILT_IN)}
    kept = [row for row in rows if row["user"].count(PLACEHOLDER) == 1]
    there = {row["id"] for row in kept}
    unused = [
        {"id": one.id, "name": one.name, "system": one.system, "user": one.user}
        for one in built_in.values()
        if one.id not in there
    ]
    return [
        PromptVersion(
            Prompt(row["id"], row["name"], row["system"], row["user"]),
            row["id"] in built_in,
            row.get("parent_id"),
            row.get("saved_by"),
            row.get("created_at"),
            *yields.get(row["id"], (0, 0)),
        )
        for row in (*kept, *unused)
    ]


def find_version(workspace: Workspace, name_or_id: str) -> Prompt:
    """A version by its id, the beginning of one, or a name.

    The name of a built-in prompt is that prompt, which nothing saved later replaces; any other name
    is the newest version that was saved under it.

    Raises:
        WinnowError: there is none, or the beginning fits several.
    """
    prompts = [version.prompt for version in list_versions(workspace)]
    by_id = {prompt.id: prompt for prompt in prompts}
    if name_or_id in by_id:
        return by_id[name_or_id]
    if name_or_id in BUILT_IN:
        return load_prompt(name_or_id)
    named = [prompt for prompt in prompts if prompt.name == name_or_id]
    if named:
        return named[0]
    begun = [one for one in prompts if len(name_or_id) >= FEWEST and one.id.startswith(name_or_id)]
    if len(begun) > 1:
        raise WinnowError(f"Several prompt versions begin with {name_or_id!r}: write more of it.")
    if not begun:
        names = ", ".join(sorted({prompt.name for prompt in prompts}))
        raise WinnowError(f"There is no prompt {name_or_id!r}: use an id, or one of {names}.")
    return begun[0]


def draft_prompt(name: str, *, system: str, user: str) -> Prompt:
    """A prompt as it would be saved: lines end the same everywhere, nothing that cannot be stored.

    Raises:
        WinnowError: its user message does not hold `{snippet}` exactly once, or it is too long.
    """
    found = user.count(PLACEHOLDER)
    if found != 1:
        where = "does not hold it" if not found else f"holds it {found} times"
        raise WinnowError(
            f"The user message must hold {PLACEHOLDER} once, where the seed's code goes: this one "
            f"{where}."
        )
    if len(system) + len(user) > MOST_CHARACTERS:
        raise WinnowError(
            f"The prompt has {len(system) + len(user):,} characters; {MOST_CHARACTERS:,} are the "
            "most."
        )
    return make_prompt(name, system=_tidy(system), user=_tidy(user))


def _tidy(text: str) -> str:
    return storable_text(text.replace("\r\n", "\n")).strip()


def check_prompt(prompt: Prompt) -> tuple[str, ...]:
    """What will probably go wrong with a prompt, as sentences; none of it forbids saving."""
    text = f"{prompt.system}\n{prompt.user}".lower()
    missing = [label for label in LABELS if label.lower() not in text]
    if not missing:
        return ()
    words = " and ".join(missing)
    return (
        f"It does not mention {words}: an answer counts only with both labels, so most answers "
        "will be failures.",
    )


def save_version(
    workspace: Workspace, name: str, *, system: str, user: str, parent_id: str = ""
) -> SavedPrompt:
    """Keep a prompt as a new version; one with this content already is that version, unchanged.

    `parent_id` is the version it was edited from.

    Raises:
        WinnowError: the name cannot be one or is a built-in prompt's, or the text is no prompt.
    """
    name = name.strip()
    if not NAME.fullmatch(name):
        raise WinnowError(
            f"{name[:60]!r} is no name for a prompt: use up to 48 letters, digits, dots, dashes "
            "and underscores, beginning with a letter or digit."
        )
    draft = draft_prompt(name, system=system, user=user)
    known = {version.prompt.id: version.prompt for version in list_versions(workspace)}
    if draft.id in known:
        return SavedPrompt(known[draft.id], False, check_prompt(draft))
    if name in {file.stem.replace("_", "-") for file in FOLDER.glob("*.md")}:
        raise WinnowError(
            f"{name!r} is the name of a built-in prompt, which stays what it is: choose another "
            f"name, such as {name}-2."
        )
    parent = parent_id if parent_id in known else None
    with workspace.database.transaction() as cursor:
        ledger.add_prompt(cursor, draft)
        prompt_versions.add_prompt_origin(
            cursor, draft.id, parent_id=parent, saved_by=workspace.settings.reviewer
        )
    return SavedPrompt(draft, True, check_prompt(draft))


def preview_prompt(
    workspace: Workspace, *, system: str, user: str, position: int = 0
) -> PromptPreview:
    """The messages that a model would be sent for the seed at this place in the order drawn.

    A place before the first seed or after the last one goes round.

    Raises:
        WinnowError: the text is no prompt, or there is no seed yet.
    """
    draft = draft_prompt("draft", system=system, user=user)
    with workspace.database.read() as cursor:
        total = count_seeds(cursor)
        if not total:
            raise WinnowError("There are no seeds yet: draw some on the Seeds page first.")
        place = position % total
        row = page_seeds(cursor, SeedFilter(), page=place, size=1)[0]
        seed = get_seed(cursor, row["id"])
    if seed is None:
        raise WinnowError(f"Seed {row['id']} is not there any more: load the page again.")
    return PromptPreview(seed, place, total, render(draft, seed.snippet))
