"""What holds a small model to the form of an answer: a grammar, and a penalty on repetition."""

from typing import Any

# In llama.cpp's GBNF. A line of the problem begins neither like a label nor like a fence and a line
# of code not like a fence, so each part ends where it says; the problem's length is bounded,
# because a small model that has begun to repeat itself does not stop.
TWO_PARTS = r"""
root ::= "[Problem Description]\n" text "\n[Solution]\n```" language "\n" code "```"
text ::= line ("\n"? line){0,5}
line ::= [A-Za-z0-9(*'"-] [^\n\x00]{0,500} "\n"
language ::= [a-z] [a-z0-9+#]{1,11}
code ::= ([^`\n\x00] [^\n\x00]* "\n" | "\n" [^`\n\x00] [^\n\x00]* "\n")+
"""
# A judgement: the reason comes first, so that the scores follow from it and not it from them.
JUDGEMENT = r"""
root ::= "{\"reason\": \"" [A-Z] sign{30,300} "\"" meets logic edges "}"
meets ::= ", \"meets_problem\": " score
logic ::= ", \"logic\": " score
edges ::= ", \"edge_cases\": " score
sign ::= [^"\\\x00-\x1f]
score ::= [1-5]
"""


def evolved_form(opening: str, *, with_code: bool) -> str:
    """The two parts, with a last sentence of the problem that begins so; or with code after it.

    Left to itself Qwen2.5-Coder-0.5B gives an exercise back as it was (4 of 5). Made to go on it
    adds something, if soon enough: after four lines it is writing the solution. `opening` is ours,
    without quotes and backslashes.
    """
    added = r'"\n```" language "\n" code "```\n"' if with_code else r'[^\n\x00]{30,400} "\n"'
    problem = rf'"[Problem Description]\n" text "\n"? "{opening}" {added} "\n[Solution]'
    form = TWO_PARTS.replace(r'"[Problem Description]\n" text "\n[Solution]', problem)
    return form.replace("{0,5}", "{0,3}")


def embedded_parameters(grammar: str = TWO_PARTS) -> dict[str, Any]:
    """The fields beyond the protocol that requests to the embedded model carry.

    With the grammar alone SmolLM2-135M repeats a line or a function until its tokens are spent in
    half of its answers. llama.cpp's DRY penalty on runs of tokens seen before lets it end 7 of 8;
    it has to look across line breaks, which by default it does not (5 of 8).
    """
    return {
        "grammar": grammar,
        "dry_multiplier": 0.8,
        "dry_allowed_length": 6,
        "dry_sequence_breakers": ["```"],
    }
