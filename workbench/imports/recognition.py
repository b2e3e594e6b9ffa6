"""Which format a file is in: the one that most of its first rows are of."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from storage.errors import WinnowError
from workbench.imports.files import SourceFile
from workbench.imports.formats.alpaca import ALPACA, EVOL_INSTRUCT
from workbench.imports.formats.chats import MESSAGES, SHAREGPT
from workbench.imports.formats.oss_instruct import OSS_INSTRUCT
from workbench.imports.formats.winnow import WINNOW
from workbench.imports.readers.reading import read_rows
from workbench.imports.rows import Format, Mismatch, RawRow

# In order: a row that is of several formats is of the first. Ours is a special case of messages,
# Alpaca of Evol-Instruct.
FORMATS = (WINNOW, OSS_INSTRUCT, SHAREGPT, MESSAGES, ALPACA, EVOL_INSTRUCT)
AUTO = "auto"
FORMAT_NAMES = (AUTO, *(found.name for found in FORMATS))
# Enough to see past a header or a few damaged rows, little enough to be instant.
FIRST_ROWS = 200


def recognise_format(file: SourceFile, *, wanted: str = AUTO) -> Format:
    """The format of a file's rows: `wanted`, or what its first rows look like.

    Our own export is messages with more in them: whoever asks for messages means it too.

    Raises:
        WinnowError: no format is called so, or no row is of a known one.
    """
    if wanted not in FORMAT_NAMES:
        raise WinnowError(f"{wanted!r} is no format: use one of {', '.join(FORMAT_NAMES)}.")
    if wanted not in (AUTO, MESSAGES.name):
        return next(found for found in FORMATS if found.name == wanted)
    rows = list(islice(read_rows(file), FIRST_ROWS))
    if not rows:
        raise WinnowError(f"{file.name} holds no rows. Name a file that does.")
    objects = [row.value for row in rows if isinstance(row.value, dict)]
    seen = Counter(
        found.name
        for value in objects
        if (found := next((one for one in FORMATS if one.recognises(value)), None))
    )
    if wanted == MESSAGES.name:
        return WINNOW if seen[WINNOW.name] > seen[MESSAGES.name] else MESSAGES
    if not seen:
        raise WinnowError(_unknown(file, rows, objects))
    # Of equally frequent ones the first in the order above.
    return max(FORMATS, key=lambda found: seen[found.name])


def _unknown(file: SourceFile, rows: Sequence[RawRow], objects: Sequence[dict[str, object]]) -> str:
    names = ", ".join(FORMAT_NAMES[1:])
    if objects:
        fields = ", ".join(repr(str(name)[:40]) for name in list(objects[0])[:12]) or "none"
        return (
            f"The rows of {file.name} are in no known format (the first has the fields {fields}). "
            f"Known are {names}."
        )
    first = rows[0]
    reason = first.value.reason if isinstance(first.value, Mismatch) else "not_an_object"
    return (
        f"None of the first {len(rows):,} rows of {file.name} is a JSON object (line {first.line}: "
        f"{reason}). Known formats are {names}."
    )
