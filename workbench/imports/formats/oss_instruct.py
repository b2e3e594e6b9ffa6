"""OSS-Instruct as the Magicoder authors publish it: `problem`, `solution`, `seed`, `lang`, …"""

from workbench.imports.formats.fields import other_values, read_text
from workbench.imports.rows import Content, Format, JsonObject, Mismatch

NAME = "oss-instruct"


def is_oss_instruct(row: JsonObject) -> bool:
    """Whether the row has a problem and a solution."""
    return "problem" in row and "solution" in row


def read_oss_instruct(row: JsonObject) -> Content | Mismatch:
    """Problem and solution; the seed, where there is one, is the snippet that inspired them."""
    problem, solution = read_text(row, "problem"), read_text(row, "solution")
    if isinstance(problem, Mismatch):
        return problem
    if isinstance(solution, Mismatch):
        return solution
    snippet = "" if row.get("seed") is None else read_text(row, "seed")
    if isinstance(snippet, Mismatch):
        return snippet
    language = row.get("lang")
    return Content(
        problem=problem,
        solution=solution,
        source=NAME,
        snippet=snippet,
        # The language of the seed: the solution may be in another.
        snippet_language=language if isinstance(language, str) else "",
        extra=other_values(row, without=("problem", "solution", "seed")),
    )


OSS_INSTRUCT = Format(NAME, is_oss_instruct, read_oss_instruct)
