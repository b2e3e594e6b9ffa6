"""What holds a small model to the two-part form: a grammar, and a penalty on going in circles."""

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


def embedded_parameters() -> dict[str, Any]:
    """The fields beyond the protocol that requests to the embedded model carry.

    With the grammar alone SmolLM2-135M repeats a line or a function until its tokens are spent in
    half of its answers. llama.cpp's DRY penalty on runs of tokens seen before lets it end 7 of 8;
    it has to look across line breaks, which by default it does not (5 of 8).
    """
    return {
        "grammar": TWO_PARTS,
        "dry_multiplier": 0.8,
        "dry_allowed_length": 6,
        "dry_sequence_breakers": ["```"],
    }
