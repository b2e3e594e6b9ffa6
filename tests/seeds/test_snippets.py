import subprocess
import sys
from collections import Counter

from storage.records import Document
from workbench.corpora.documents import DocumentEntry
from workbench.seeds.snippets import Snippet, cut_snippet, make_seed


def document(text: str, *, path: str = "a.py") -> Document:
    return Document("c", "r", path, "python", "MIT", text)


def cut(text: str, *, path: str = "a.py", low: int = 1, high: int = 15) -> Snippet | None:
    return cut_snippet(document(text, path=path), random_seed=976, min_lines=low, max_lines=high)


NUMBERED = "".join(f"line {number}\n" for number in range(1, 201))


def test_a_snippet_is_consecutive_lines_with_up_to_forty_around_it() -> None:
    lines = NUMBERED.splitlines()
    for number in range(300):
        snippet = cut(NUMBERED, path=f"{number}.py")
        assert snippet is not None
        first, last = snippet.first_line - 1, snippet.last_line
        assert 1 <= last - first <= 15
        assert snippet.text.split("\n") == lines[first:last]
        assert snippet.before == "\n".join(lines[max(0, first - 40) : first])
        assert snippet.after == "\n".join(lines[last : last + 40])


def test_every_length_and_every_place_comes_up_about_equally_often() -> None:
    snippets = [cut(NUMBERED, path=f"{number}.py") for number in range(3000)]
    lengths = Counter(each.last_line - each.first_line + 1 for each in snippets if each)
    assert sorted(lengths) == list(range(1, 16))
    assert min(lengths.values()) > 140 and max(lengths.values()) < 260
    thirds = Counter((each.first_line - 1) * 3 // 194 for each in snippets if each)
    assert min(thirds[0], thirds[1], thirds[2]) > 800


def test_a_short_document_gives_at_most_itself() -> None:
    snippet = cut("a\nb\nc\n", low=3)
    assert snippet == Snippet(first_line=1, last_line=3, text="a\nb\nc", before="", after="")
    assert cut("a\nb\nc\n", low=4) is None


def test_blank_lines_alone_are_never_a_snippet() -> None:
    mostly_blank = "x = 1\n" + "\n \t\n" * 5
    for number in range(200):
        snippet = cut(mostly_blank, path=f"{number}.py", high=2)
        assert snippet is None or snippet.text.strip()
    assert cut("\n" * 100) is None


def test_only_newlines_end_a_line() -> None:
    snippet = cut("a\fb\u2028c\x0bd\n", low=1)
    assert snippet is not None
    assert (snippet.text, snippet.last_line) == ("a\fb\u2028c\x0bd", 1)


def test_the_snippet_depends_on_document_and_random_seed_alone() -> None:
    program = (
        "from storage.records import Document\n"
        "from workbench.seeds.snippets import cut_snippet\n"
        f"text = {NUMBERED!r}\n"
        "document = Document('c', 'r', 'a.py', 'python', 'MIT', text)\n"
        "print(cut_snippet(document, random_seed=976, min_lines=1, max_lines=15))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == repr(cut(NUMBERED))
    others = {
        cut_snippet(document(NUMBERED), random_seed=seed, min_lines=1, max_lines=15)
        for seed in range(20)
    }
    assert len(others) > 15


def test_a_seed_knows_where_it_comes_from_and_its_id_what_it_is() -> None:
    entry = DocumentEntry("c", "o/r", "s/a.py", "python", "MIT", "/somewhere/s/a.py", "/somewhere")
    snippet = Snippet(first_line=3, last_line=4, text="x\ny", before="a\nb", after="z")
    seed = make_seed(entry, snippet)
    assert (seed.corpus, seed.repository, seed.path) == ("c", "o/r", "s/a.py")
    assert (seed.first_line, seed.last_line, seed.snippet) == (3, 4, "x\ny")
    assert "somewhere" not in repr(seed)
    assert make_seed(entry, snippet) == seed
    changed = Snippet(first_line=3, last_line=4, text="x\nz", before="a\nb", after="z")
    assert make_seed(entry, changed).id != seed.id
