"""Holding rows out by seed repository, so that none is learned from and measured on."""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from workbench.export.rows import ExportRow

MAX_SHARE = 0.5
RANDOM_SEED = 976  # the one that everything here starts from


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train on and rows held out, both in their order; no repository is on both sides."""

    train: tuple[ExportRow, ...]
    held_out: tuple[ExportRow, ...]
    share: float
    random_seed: int

    def describe(self) -> dict[str, Any] | None:
        """What a manifest says of the split, None where nothing was held out."""
        if not self.held_out:
            return None
        return {
            "by": "repository",
            "share_asked": self.share,
            "random_seed": self.random_seed,
            "train_rows": len(self.train),
            "held_out_rows": len(self.held_out),
            "train_repositories": len({_group(row) for row in self.train} - {""}),
            "held_out_repositories": len({_group(row) for row in self.held_out}),
            "train_rows_without_repository": sum(not _group(row) for row in self.train),
        }


def split_by_repository(
    rows: Sequence[ExportRow], *, share: float = 0.0, random_seed: int = RANDOM_SEED
) -> Split:
    """Hold out whole repositories that have together as close to `share` of the rows as can be.

    Which ones follows from a hash of `random_seed` and each repository's name, so that the same
    rows are always split the same way. Rows whose repository is not known are never held out: any
    two of them may come from one.

    Raises:
        WinnowError: a share below 0 or above 0.5, or rows of which none can be held out.
    """
    if not (math.isfinite(share) and 0 <= share <= MAX_SHARE):
        raise WinnowError(f"{share} of the rows cannot be held out: use a share from 0 to 0.5.")
    if share == 0:
        return Split(tuple(rows), (), share, random_seed)
    sizes = Counter(group for row in rows if (group := _group(row)))
    order = sorted(sizes, key=lambda name: (_draw(name, random_seed), name))
    ordered = {name: sizes[name] for name in order}
    chosen = _choose(ordered, target=share * len(rows), most=len(rows) - 1)
    if not chosen:
        raise WinnowError(
            f"Nothing can be held out of these {len(rows):,} rows: they come from {len(sizes)} "
            "known repositories, and a repository is never divided. Hold out a share of 0."
        )
    return Split(
        tuple(row for row in rows if _group(row) not in chosen),
        tuple(row for row in rows if _group(row) in chosen),
        share,
        random_seed,
    )


def _group(row: ExportRow) -> str:
    return row.repository.strip().casefold()


def _draw(name: str, random_seed: int) -> bytes:
    return hashlib.blake2b(f"{random_seed}\0{name}".encode(), digest_size=16).digest()


def _choose(sizes: Mapping[str, int], *, target: float, most: int) -> set[str]:
    """Names whose sizes sum as near to `target` as any do, at least 1 and at most `most`.

    A subset sum: bit n of `reachable` says that some of the names so far have n rows together. The
    name that reached a sum first is noted; what was reached before it needs earlier names alone, so
    that walking back never takes one twice.
    """
    reachable = 1
    first: dict[int, str] = {}
    mask = (1 << (max(0, most) + 1)) - 1
    for name, size in sizes.items():
        fresh = (reachable << size) & mask & ~reachable
        reachable |= fresh
        while fresh:
            lowest = fresh & -fresh
            first[lowest.bit_length() - 1] = name
            fresh ^= lowest
        if round(target) in first:
            break
    if not first:
        return set()
    total = min(first, key=lambda number: (abs(number - target), number))
    chosen = set()
    while total:
        chosen.add(first[total])
        total -= sizes[first[total]]
    return chosen
