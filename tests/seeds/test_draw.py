import os
import time
from collections import Counter
from pathlib import Path

import pytest

from storage.errors import WinnowError
from storage.records import Seed
from workbench.corpora.corpus import list_documents, open_corpora, open_corpus
from workbench.corpora.documents import Rejection
from workbench.corpora.languages import PAPER_LANGUAGES
from workbench.seeds.draw import draw_batches, draw_seeds
from workbench.seeds.options import DrawOptions

MIT = "Permission is hereby granted, free of charge ... this permission notice shall be included"
SUFFIXES = ("py", "cpp", "java", "ts", "sh", "cs", "rs", "php", "swift")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine languages with 40 documents each, every tenth too short."""
    root = tmp_path / "nine"
    root.mkdir()
    (root / "LICENSE").write_text(MIT)
    for suffix in SUFFIXES:
        for number in range(40):
            lines = 3 if number % 10 == 0 else 30 + number
            text = "".join(f"{suffix} {number} {line}\n" for line in range(lines))
            (root / f"f{number}.{suffix}").write_text(text)
    return root


def draw(folder: Path, options: DrawOptions) -> list[Seed]:
    return draw_seeds([open_corpus(str(folder))], options).seeds


def test_every_document_is_a_seed_or_a_counted_rejection(folder: Path) -> None:
    result = draw_seeds([open_corpus(str(folder))], DrawOptions(count=10_000))
    assert result.available == result.documents == 9 * 40
    assert result.rejected == {"too_short": 9 * 4}
    assert len(result.seeds) == result.documents - result.rejected.total()
    assert Counter(seed.language for seed in result.seeds) == dict.fromkeys(PAPER_LANGUAGES, 36)
    assert len({seed.id for seed in result.seeds}) == len(result.seeds)


def test_a_seed_is_the_lines_it_says(folder: Path) -> None:
    for seed in draw(folder, DrawOptions(count=50)):
        lines = (folder / seed.path).read_text().split("\n")
        assert seed.snippet == "\n".join(lines[seed.first_line - 1 : seed.last_line])
        assert str(folder) not in repr(seed)


def test_a_draw_repeats_whatever_the_size_of_its_parts(folder: Path) -> None:
    options = DrawOptions(count=100, languages={"python": 40, "cpp": 5, "rust": 30, "swift": 36})
    listing = list_documents(open_corpus(str(folder)))
    whole = draw_seeds([open_corpus(str(folder))], options)
    for chunk in (1, 7, 500):
        batches = list(draw_batches([listing], options, chunk=chunk))
        assert [seed for batch in batches for seed in batch.seeds] == whole.seeds
        assert sum((batch.rejected for batch in batches), Counter()) == whole.rejected
        assert sum(batch.documents for batch in batches) == whole.documents


def test_a_draw_does_not_depend_on_the_order_of_listing(folder: Path) -> None:
    listing = list_documents(open_corpus(str(folder)))
    backwards = list_documents(open_corpus(str(folder)))
    backwards.documents.reverse()
    first = [batch.seeds for batch in draw_batches([listing], DrawOptions(count=30))]
    second = [batch.seeds for batch in draw_batches([backwards], DrawOptions(count=30))]
    assert first == second


def test_a_greater_count_begins_with_the_same_seeds(folder: Path) -> None:
    assert draw(folder, DrawOptions(count=200))[:20] == draw(folder, DrawOptions(count=20))


def test_another_random_seed_draws_other_snippets(folder: Path) -> None:
    first = {seed.id for seed in draw(folder, DrawOptions(count=20))}
    second = {seed.id for seed in draw(folder, DrawOptions(count=20, random_seed=1))}
    assert len(first & second) < 5


def test_quotas_limit_each_language_and_count_limits_the_whole(folder: Path) -> None:
    quotas = {"python": 20, "cpp": 5, "swift": 1000}
    seeds = draw(folder, DrawOptions(count=5000, languages=quotas))
    assert Counter(seed.language for seed in seeds) == {"python": 20, "cpp": 5, "swift": 36}
    assert len(draw(folder, DrawOptions(count=10, languages=quotas))) == 10


def test_a_language_that_no_document_is_in_is_an_error(folder: Path) -> None:
    with pytest.raises(WinnowError, match="No document is in haskell; the corpora hold cpp, csh"):
        draw(folder, DrawOptions(languages={"haskell": 5}))


def test_permissive_leaves_out_what_is_not_known_to_be(folder: Path) -> None:
    (folder / "LICENSE").write_text("Ours.")
    result = draw_seeds([open_corpus(str(folder))], DrawOptions(count=5))
    assert result.seeds == []
    assert result.rejected == {"licence_not_permissive": 9 * 40}
    seeds = draw(folder, DrawOptions(count=5, licences="any"))
    assert [seed.licence for seed in seeds] == ["unknown"] * 5


def test_several_corpora_are_drawn_from_together(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for number in range(100):
        (other / f"{number}.go").write_text("x := 1\n" * 20)
    corpora = open_corpora([str(folder), str(other)])
    seeds = draw_seeds(corpora, DrawOptions(count=60, licences="any")).seeds
    assert Counter(seed.corpus for seed in seeds).keys() == {"nine", "other"}
    turned = draw_seeds(corpora[::-1], DrawOptions(count=60, licences="any")).seeds
    assert turned == seeds


def test_hostile_names_and_files_are_counted_and_never_raise(tmp_path: Path) -> None:
    root = tmp_path / "hostile"
    root.mkdir()
    good = "".join(f"line {number}\n" for number in range(30))
    for name in ("$(rm -rf ~).sh", "a\nb.py", "';drop table seeds;--.py", "${x}.ts", "-rf.py"):
        (root / name).write_text(good)
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.py")).write_text(good)
    (root / "nul.py").write_bytes(b"\0" * 100)
    (root / "passwd.py").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.py")
    result = draw_seeds([open_corpus(str(root))], DrawOptions(licences="any"))
    assert len(result.seeds) == 5
    assert result.rejected == {
        Rejection.UNUSABLE_PATH: 1,
        Rejection.BINARY: 1,
        Rejection.OUTSIDE: 1,
        Rejection.NOT_A_FILE: 1,
    }


def test_two_checkouts_of_one_repository_give_each_file_once(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / "all" / name / ".git").mkdir(parents=True)
        (tmp_path / "all" / name / ".git" / "config").write_text(
            '[remote "origin"]\n\turl = https://example.org/o/r.git\n'
        )
        (tmp_path / "all" / name / "a.py").write_text("x = 1\n" * 9)
    result = draw_seeds([open_corpus(str(tmp_path / "all"))], DrawOptions(licences="any"))
    assert (len(result.seeds), dict(result.rejected)) == (1, {"listed_twice": 1})


def test_a_few_seeds_of_installed_source_come_quickly() -> None:
    corpus = open_corpus("installed")
    start = time.monotonic()
    result = draw_seeds([corpus], DrawOptions(count=10))
    assert len(result.seeds) == 10
    assert result.available > 1000
    assert time.monotonic() - start < 10  # about 1 s alone on 2 cores


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"count": 0}, "count is 0; it must be a whole number from 1 on"),
        ({"count": "ten"}, "count is 'ten'"),
        ({"count": True}, "count is True"),
        ({"count": 2**70}, "count is"),
        ({"random_seed": -1}, "random_seed is -1"),
        ({"min_lines": 9, "max_lines": 3}, "min_lines is 9 and max_lines 3"),
        ({"languages": {"klingon": 1}}, "'klingon' is not known. Known are: python, cpp, java"),
        ({"languages": {"python": 0}}, "The number for python is 0"),
        ({"languages": {}}, "languages is {}"),
        ({"languages": ["python"]}, "languages is \\['python'\\]"),
        ({"licences": "free"}, "'free' is not known. Choose one of permissive, any"),
    ],
)
def test_options_that_make_no_sense_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(WinnowError, match=words):
        DrawOptions(**values)  # type: ignore[arg-type]
