"""Freezing: rows become a folder that never changes, named by a hash of what is in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.errors import WinnowError
from workbench.corpora.licences import is_permissive
from workbench.export.background import LICENCE_POLICIES, PERMISSIVE, Background, Policy
from workbench.export.card import write_card
from workbench.export.counts import DatasetCounts, count_rows
from workbench.export.files import encode_files, select_formats
from workbench.export.folder import CARD, MANIFEST, add_formats, is_unchanged, write_folder
from workbench.export.manifest import build_manifest, write_manifest
from workbench.export.rows import ExportRow, hash_rows, replace_surrogates
from workbench.export.split import RANDOM_SEED, split_by_repository

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH_LETTERS = 12  # of the content hash in the folder's name: enough for any workspace


@dataclass(frozen=True, slots=True)
class FrozenDataset:
    """A frozen data set: its folder, the hash of its rows, and how many there are.

    `rows` are those of train.jsonl. `order` has the sample ids as the files hold them: those rows,
    then the held out ones.
    """

    path: Path
    content_hash: str
    rows: int
    order: tuple[str, ...]


def freeze(
    rows: Sequence[ExportRow],
    *,
    name: str,
    out_dir: Path,
    background: Background | None = None,
    policy: Policy | None = None,
    formats: Sequence[str] = (),
    held_out: float = 0.0,
    random_seed: int = RANDOM_SEED,
    created_at: datetime | None = None,
) -> FrozenDataset:
    """Write rows as the folder `<out_dir>/<name>-<hash>`, whole or not at all.

    The folder holds `train.jsonl` (chat messages), a file for each other format, `manifest.json`
    and `README.md`, the data card. `held_out` is the share of rows kept from training in files of
    their own. The same rows, split the same way, under the same name give the same folder: it is
    written once and then found, and a format that it lacks is added.

    Raises:
        WinnowError: no rows, a name that is no file name, an unknown format, rows that the policy
            keeps out, or a folder that was changed after it was frozen.
    """
    background, policy = background or Background(), policy or Policy()
    check_name(name)
    wanted = select_formats(formats)
    whole = [replace_surrogates(row) for row in rows]
    counts = count_rows(whole, measured=background.measured)
    _check_rows(whole, counts, policy, name=name)
    split = split_by_repository(whole, share=held_out, random_seed=random_seed)
    content_hash = hash_rows(split.train, held_out=split.held_out)
    frozen = FrozenDataset(
        out_dir / f"{name}-{content_hash[:HASH_LETTERS]}",
        content_hash,
        len(split.train),
        tuple(row.sample_id for row in (*split.train, *split.held_out)),
    )
    if not frozen.path.exists():
        files = encode_files(wanted, split.train, split.held_out)
        manifest = build_manifest(
            split,
            counts,
            background,
            policy,
            name=name,
            content_hash=content_hash,
            formats=wanted,
            files=files,
            replaced=sum(new is not old for new, old in zip(whole, rows, strict=True)),
            created_at=created_at,
        )
        texts = {MANIFEST: write_manifest(manifest), CARD: write_card(manifest).encode()}
        if write_folder(frozen.path, {**files, **texts}):
            return frozen
    if not is_unchanged(frozen.path, content_hash=content_hash):
        raise WinnowError(
            f"{frozen.path} was changed after it was frozen: move it away and freeze again."
        )
    add_formats(frozen.path, formats)
    return frozen


def check_name(name: str) -> None:
    """Refuse a name that could be anything but a plain file name.

    Raises:
        WinnowError: it has other characters than letters, digits, dots, dashes and underscores.
    """
    if not NAME.fullmatch(name):
        raise WinnowError(
            f"{name[:80]!r} cannot name a data set: use 1 to 64 letters, digits, dots, dashes or "
            "underscores, with a letter or digit first."
        )


def _check_rows(
    rows: Sequence[ExportRow], counts: DatasetCounts, policy: Policy, *, name: str
) -> None:
    if not rows:
        raise WinnowError(
            f"Data set {name!r} would have no rows: accept some samples first, or widen the filter."
        )
    if policy.licences not in LICENCE_POLICIES:
        raise WinnowError(
            f"{policy.licences[:40]!r} is no licence policy: use {' or '.join(LICENCE_POLICIES)}."
        )
    if counts.contaminated and not policy.allow_contaminated:
        raise WinnowError(
            f"{len(counts.contaminated)} of {len(rows)} rows contain text of HumanEval (the first "
            f"is sample {counts.contaminated[0]!r}): leave them out, or allow contaminated rows."
        )
    if policy.licences == PERMISSIVE:
        kept_out = [row for row in rows if not is_permissive(row.licence)]
        if kept_out:
            # Refused and not left out: what is exported is what was filtered.
            raise WinnowError(
                f"{len(kept_out)} of {len(rows)} rows have no permissive licence (the first is "
                f"sample {kept_out[0].sample_id!r}, {kept_out[0].licence[:40]!r}): filter by "
                "licence, or allow any."
            )
