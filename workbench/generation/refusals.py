"""Whether a text says no instead of doing what was asked."""

import re

# As in WizardLM's elimination: an apology counts where little else follows it.
SHORT = 80  # words
_REFUSAL = re.compile(
    r"\W*(?:(?:i['\u2019]?m|i am|we['\u2019]?re|we are)\s+(?:very\s+|really\s+)?"
    r"(?:sorry|afraid|unable|not able)\b"
    r"|sorry\b|(?:my\s+)?apologies\b|i\s+(?:must\s+)?apologi[sz]e\b"
    r"|(?:unfortunately,?\s+)?i\s+(?:can(?:not|['\u2019]?t|\s+not)|won['\u2019]?t|will\s+not)\b"
    r"|i\s+must\s+decline\b|as\s+an?\s+(?:ai|artificial|language)\b)",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether a text begins by saying no and adds few words to it.

    `I'm sorry, but I cannot help with that.` does; `Write a bot that says "I'm sorry".` does not.
    """
    return _REFUSAL.match(text) is not None and len(text.split()) < SHORT
