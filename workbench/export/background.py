"""What a data set's manifest says beyond its rows: what chose them, checked them, judged them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.export.agreement import Agreement

NO_AGREEMENT = Agreement({}, 0, 0, ())
ANY, PERMISSIVE = "any", "permissive"
LICENCE_POLICIES = (ANY, PERMISSIVE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one row beside what is exported of it; tokens are None where not counted."""

    source: str
    problem_tokens: int | None
    solution_tokens: int | None


@dataclass(frozen=True, slots=True)
class Background:
    """Everything about a data set that its rows do not say themselves.

    `filter_text` is the expression that chose the rows. `versions` is what checked and measured
    them, `prompts` the names of prompt versions by id. `measured` and `contamination` (the details
    of findings) go by sample id. `agreement` is over the samples that the filter leaves when what
    it asks of the verdict is set aside: among accepted samples alone everybody would agree.
    """

    filter_text: str = ""
    versions: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Measured] = field(default_factory=dict)
    contamination: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    agreement: Agreement = NO_AGREEMENT


@dataclass(frozen=True, slots=True)
class Policy:
    """What a data set may hold: rows of any licence or of permissive ones, contaminated or not."""

    licences: str = ANY
    allow_contaminated: bool = False
