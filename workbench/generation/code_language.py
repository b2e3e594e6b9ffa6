"""The language of a code block: from its label, else from what the code looks like."""

import re

from workbench.corpora.languages import LANGUAGES, find_language

# Labels that are neither one of our names nor a file extension.
_LABELS = {
    "python3": "python",
    "c++": "cpp",
    "c#": "csharp",
    "c-sharp": "csharp",
    "golang": "go",
    "node": "javascript",
    "bash": "shell",
    "console": "shell",
}
# In order: the first that is found. Only signs that no other language of ours has.
_SIGNS = (
    ("php", r"<\?php"),
    ("shell", r"\A#!.*\b(?:ba|z|k)?sh\b"),
    ("cpp", r"^#include <(?:\w+)>|\bstd::\w"),
    ("csharp", r"^using System\b|\bConsole\.Write"),
    ("java", r"\bpublic (?:static |final )*(?:class|void|interface) |\bSystem\.out\."),
    ("rust", r"\bfn \w+(?:<[^>]*>)?\(.*\)(?: -> .+)? \{|\blet mut \w"),
    ("go", r"^package \w+$|^func (?:\(\w+ \*?\w+\) )?\w+\("),
    ("swift", r"\bfunc \w+(?:<[^>]*>)?\(.*\)(?: throws)?(?: -> .+)? \{"),
    ("typescript", r"^(?:export )?interface \w+ \{|\w\??: (?:string|number|boolean)\b"),
    ("javascript", r"\bfunction \w*\(.*\) \{|^(?:const|let) \w+ = |=> \{"),
    ("python", r"^(?:from [\w.]+ )?import \w+|^\s*(?:async )?def \w+\(.*\).*:|^class \w+.*:$"),
    ("sql", r"(?i)^select\b[\s\S]+\bfrom\b"),
)


def find_code_language(label: str, code: str) -> str:
    """The language by our name ("python", "cpp"), or "" where neither label nor code tells.

    A label that we do not know ("prolog") is kept as it is.
    """
    if label in _LABELS:
        return _LABELS[label]
    if label in LANGUAGES:
        return label
    if found := find_language(f"x.{label}"):
        return found
    if label and label not in ("text", "txt", "plaintext", "code"):
        return label if re.fullmatch(r"[a-z][a-z0-9+#-]{0,19}", label) else ""
    for language, sign in _SIGNS:
        # A few thousand characters tell enough; the patterns are linear, the code may be huge.
        if re.search(sign, code[:5000], re.MULTILINE):
            return language
    return ""
