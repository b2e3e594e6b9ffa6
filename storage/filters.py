"""Which samples and seeds: filters as values, turned into SQL with parameters."""

from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote, unquote

from storage.errors import WinnowError

# Signs that stay as they are in an expression; a semicolon would end the condition.
READABLE = " ,.:/+-_()&#"
VERDICTS = ("undecided", "accepted", "rejected")


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Conditions that must all hold; an empty one always does.

    `finding` is the reason of a finding, "any" or "none". Similarities are cosines from 0 to 1;
    `min_similarity` is included, `max_similarity` is not (1 is reached by asking for above 0.99).
    `imported` is the name of a file that samples were imported from, "any" or "none".
    """

    verdict: str = ""
    category: str = ""
    language: str = ""
    licence: str = ""
    finding: str = ""
    cluster: int | None = None
    min_similarity: float | None = None
    max_similarity: float | None = None
    nearest_task: str = ""
    model: str = ""
    imported: str = ""

    def conditions(self) -> tuple[str, list[Any]]:
        """SQL over `sample_state s` joined with `metrics m`, and its parameters."""
        clauses: list[str] = ["true"]
        values: list[Any] = []
        for column, value in (
            ("s.verdict", self.verdict),
            ("m.category", self.category),
            ("s.language", self.language),
            ("s.licence", self.licence),
            ("m.nearest_task", self.nearest_task),
            ("s.model", self.model),
        ):
            if value:
                clauses.append(f"{column} = ?")
                values.append(value)
        for condition, number in (
            ("m.cluster = ?", self.cluster),
            ("m.similarity >= ?", self.min_similarity),
            ("m.similarity < ?", self.max_similarity),
        ):
            if number is not None:
                clauses.append(condition)
                values.append(number)
        match self.finding:
            case "":
                pass
            case "none":
                # Checked and found without fault; what nobody looked at yet is not.
                clauses.append("m.sample_id is not null")
                clauses.append("s.sample_id not in (select sample_id from findings)")
            case "any":
                clauses.append("s.sample_id in (select sample_id from findings)")
            case reason:
                clauses.append("s.sample_id in (select sample_id from findings where reason = ?)")
                values.append(reason)
        match self.imported:
            case "":
                pass
            case "none":
                clauses.append("s.sample_id not in (select sample_id from origins)")
            case "any":
                clauses.append("s.sample_id in (select sample_id from origins)")
            case file:
                clauses.append("s.sample_id in (select sample_id from origins where file = ?)")
                values.append(file)
        return " and ".join(clauses), values

    def as_words(self) -> str:
        """The filter as an expression that `parse` reads: `category=Web Problems; finding=none`."""
        parts = [
            f"{field.name}={quote(str(getattr(self, field.name)), safe=READABLE)}"
            for field in fields(self)
            if getattr(self, field.name) not in ("", None)
        ]
        return "; ".join(parts)

    @classmethod
    def from_values(cls, values: dict[str, str]) -> "SampleFilter":
        """A filter from named text values, as they stand in an address or an expression.

        Raises:
            WinnowError: a name that is no filter, or a value that cannot be one.
        """
        known: dict[str, Any] = {}
        names = {field.name: str(field.type) for field in fields(cls)}
        for name, text in values.items():
            if name not in names:
                raise WinnowError(f"{name!r} is no filter. Filters are {', '.join(names)}.")
            if text == "":
                continue
            known[name] = _number(name, text, names[name]) if "None" in names[name] else text
        if known.get("verdict", "undecided") not in VERDICTS:
            raise WinnowError(
                f"verdict={known['verdict']!r} is unknown: use {', '.join(VERDICTS)}."
            )
        return cls(**known)

    @classmethod
    def parse(cls, expression: str) -> "SampleFilter":
        """A filter from an expression such as `verdict=accepted; max_similarity=0.3`."""
        values: dict[str, str] = {}
        for part in filter(None, (piece.strip() for piece in expression.split(";"))):
            name, equals, text = part.partition("=")
            if not equals:
                raise WinnowError(
                    f"{part!r} is no condition: write name=value, several divided by semicolons."
                )
            values[name.strip()] = unquote(text.strip())
        return cls.from_values(values)


def _number(name: str, text: str, kind: str) -> int | float:
    try:
        value = int(text) if kind.startswith("int") else float(text)
    except ValueError:
        raise WinnowError(f"{name}={text!r} is no number.") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise WinnowError(f"{name}={text!r} is no number that can be compared.")
    return value


@dataclass(frozen=True, slots=True)
class SeedFilter:
    """Conditions on seeds that must all hold; an empty one always does.

    `text` is a plain substring of the snippet or the path, in any case.
    """

    language: str = ""
    licence: str = ""
    repository: str = ""
    text: str = ""

    def conditions(self) -> tuple[str, list[Any]]:
        """SQL over `seeds`, and its parameters."""
        clauses: list[str] = ["true"]
        values: list[Any] = []
        for column in ("language", "licence", "repository"):
            value = getattr(self, column)
            if value:
                clauses.append(f"{column} = ?")
                values.append(value)
        if self.text:
            clauses.append("(contains(lower(snippet), ?) or contains(lower(path), ?))")
            values += [self.text.lower()] * 2
        return " and ".join(clauses), values
