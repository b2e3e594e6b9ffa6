"""Prompts: text files beside this one, versioned by their content, and the messages they give."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

from storage.errors import WinnowError
from storage.records import Prompt

FOLDER = Path(__file__).parent / "prompts"
PLACEHOLDER = "{snippet}"
# What a built-in prompt has in the place of the snippet, by the start of its name.
PLACEHOLDERS = {
    "evol-instruct": ("{problem}", "{heuristic}"),
    "judge": ("{problem}", "{solution}"),
}
_PARTS = re.compile(r"\A<!-- system -->\n(.*?)\n<!-- user -->\n(.*)\Z", re.DOTALL)

Message = dict[str, str]


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt called `name`: "oss-instruct", or a variant of it.

    "oss-instruct-small" is for small models whose form a grammar holds: it has no example that they
    could copy (with one, SmolLM2-135M copied 3 of 8). "oss-instruct-example" shows one worked
    example, for small models behind endpoints without grammars.

    Raises:
        WinnowError: there is no such prompt, or its file is not in the expected form.
    """
    files = {file.stem.replace("_", "-"): file for file in FOLDER.glob("*.md")}
    if name not in files:
        raise WinnowError(f"There is no prompt {name!r}: use one of {', '.join(sorted(files))}.")
    parts = _PARTS.match(files[name].read_text(encoding="utf-8"))
    needed = placeholders_of(name)
    if parts is None or any(word not in parts[2] for word in needed):
        raise WinnowError(
            f"The prompt file {files[name].name} needs `<!-- system -->`, then `<!-- user -->`, "
            f"and {' and '.join(needed)} in its second part."
        )
    return make_prompt(name, system=parts[1].strip(), user=parts[2].strip())


def placeholders_of(name: str) -> tuple[str, ...]:
    """What the user message of the built-in prompt `name` must hold."""
    for start, words in PLACEHOLDERS.items():
        if name.startswith(start):
            return words
    return (PLACEHOLDER,)


def make_prompt(name: str, *, system: str, user: str) -> Prompt:
    """A prompt with its id, which changes with every character that a model sees."""
    content = json.dumps([system, user], ensure_ascii=True)
    return Prompt(hashlib.sha256(content.encode()).hexdigest()[:16], name, system, user)


def render(prompt: Prompt, snippet: str) -> list[Message]:
    """The chat messages that ask for a sample inspired by `snippet`.

    The snippet is foreign text. It replaces the placeholder once and is not looked at again, so
    that `{snippet}` inside it stays what it is, and its fence is longer than any in it.
    """
    before, found, after = prompt.user.partition(PLACEHOLDER)
    if not found:
        raise WinnowError(f"The prompt {prompt.name!r} has no {PLACEHOLDER} in its user message.")
    return [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": before + _fenced(storable_text(snippet)) + after},
    ]


def render_fields(
    prompt: Prompt, *, foreign: dict[str, str], own: dict[str, str] | None = None
) -> list[Message]:
    """The chat messages with every placeholder `{name}` replaced by the text of that name.

    `foreign` texts are fenced as a snippet is, `own` ones stand as they are. The prompt is gone
    over once: what was put in is not looked at again.

    Raises:
        WinnowError: the prompt lacks one of the placeholders.
    """
    values = {name: _fenced(storable_text(text)) for name, text in foreign.items()} | (own or {})
    for name in values:
        if f"{{{name}}}" not in prompt.user:
            raise WinnowError(
                f"The prompt {prompt.name!r} has no {{{name}}} in its user message: add it where "
                f"the {name} shall stand."
            )
    pattern = "|".join(re.escape(f"{{{name}}}") for name in values)
    user = re.sub(pattern, lambda found: values[found[0][1:-1]], prompt.user)
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]


def _fenced(snippet: str) -> str:
    longest = max((len(run) for run in re.findall("`+", snippet)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{snippet.strip(chr(10))}\n{fence}"


def storable_text(text: str) -> str:
    """`text` with what neither UTF-8 nor every program can hold replaced: lone surrogates, NUL."""
    if "\0" not in text and text.isascii():
        return text
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return clean.replace("\0", "\ufffd")


@cache
def worked_example() -> tuple[str, str]:
    """The problem and the solution that the prompt for small models shows as its example."""
    _, _, shown = load_prompt("oss-instruct-example").user.partition("\n[Problem Description]\n")
    problem, _, rest = shown.partition("\n[Solution]\n")
    solution, _, _ = rest.partition("\n\nNow write")
    return problem.strip(), solution.strip()
