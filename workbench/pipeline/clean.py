"""Running checks alone, without measuring: quick enough to need no job."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from storage.errors import WinnowError
from storage.records import Sample
from storage.samples import all_samples, replace_findings
from workbench.workspace import Workspace


def clean_samples(workspace: Workspace, checks: Sequence[str] = ()) -> Counter[str]:
    """Run the named checks (or all) over every sample; how many findings there are by reason.

    Raises:
        WinnowError: an unknown check, or no samples.
    """
    from workbench.cleaning.checks import CHECKS, run_checks, select_checks

    chosen = select_checks(checks) if checks else CHECKS
    with workspace.database.read() as cursor:
        rows = all_samples(cursor)
    if not rows:
        raise WinnowError("There are no samples to check yet: generate some first.")
    names = [field.name for field in fields(Sample)]
    samples = [Sample(**{name: row[name] for name in names}) for row in rows]
    snippets = {row["seed_id"]: row["snippet"] for row in rows}
    findings = run_checks(samples, snippets, checks=chosen)
    with workspace.database.transaction() as cursor:
        replace_findings(
            cursor,
            findings,
            sample_ids=[sample.id for sample in samples],
            checks=[check.name for check in chosen],
            job_id="clean",
        )
    return Counter(finding.reason for finding in findings)
