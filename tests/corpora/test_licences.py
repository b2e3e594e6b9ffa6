import pytest

from workbench.corpora.licence_names import name_licence
from workbench.corpora.licence_texts import choose_licence, is_licence_file, recognise_licence
from workbench.corpora.licences import is_expression, is_permissive, shorten_licence

MIT = """MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software ...
The above copyright notice and this permission notice shall be included in all copies ...
"""
BSD_2 = """Redistribution and use in source and binary forms, with or without modification, are
permitted provided that the following conditions are met: ..."""
BSD_3 = (
    BSD_2
    + """ Neither the name of the copyright holder nor the names of its contributors may be
used to endorse or promote products derived from this software ..."""
)
APACHE = "             Apache License\n        Version 2.0, January 2004"
GPL_3 = "GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("MIT", "MIT"),
        ("The MIT License", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache 2.0 License", "Apache-2.0"),
        ("Apache Software License", "Apache-2.0"),
        ("3-Clause BSD License", "BSD-3-Clause"),
        ("BSD License", "BSD"),
        ("ISC License (ISCL)", "ISC"),
        ("Python Software Foundation License", "PSF-2.0"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
        ("mit or apache 2.0", "MIT OR Apache-2.0"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("see the file", None),
        ("MIT OR", None),
        ("", None),
    ],
)
def test_what_people_write_is_named(written: str, name: str | None) -> None:
    assert name_licence(written) == name


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("mit", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("Apache-2.0 AND (GPL-2.0-only OR MIT)", True),
        ("GPL-2.0-only OR MIT AND Zlib", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("unknown", False),
        ("", False),
        ("MIT MIT", False),
        ("MIT OR (", False),
        ("(" * 5000 + "MIT" + ")" * 5000, False),
        ("Proprietary; all rights reserved", False),
    ],
)
def test_permissive_means_no_more_than_notice_is_asked(licence: str, permissive: bool) -> None:
    assert is_permissive(licence) is permissive


def test_an_expression_is_told_by_its_form() -> None:
    assert is_expression("LicenseRef-Own AND MIT")
    assert not is_expression("MIT License")


def test_free_text_is_shortened_to_one_printable_line() -> None:
    assert shorten_licence("Copyright\n\x1b[31m me\ud800" + "x" * 100) == (
        "Copyright [31m me " + "x" * 21 + "…"
    )
    assert shorten_licence(" \n") == "unknown"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"),
        (BSD_2, "BSD-2-Clause"),
        (BSD_3, "BSD-3-Clause"),
        (APACHE, "Apache-2.0"),
        (GPL_3, "GPL-3.0-only"),
        (MIT + APACHE, "Apache-2.0 AND MIT"),
        (MIT + "Parts are under the GNU General Public License.", "MIT AND GPL"),
        ("All rights reserved.", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_licence_is_recognised_by_its_text(text: str, licence: str) -> None:
    assert recognise_licence(text) == licence


def test_named_licence_files_are_a_choice_and_others_hold_together() -> None:
    assert choose_licence([("LICENSE-APACHE", APACHE), ("LICENSE-MIT", MIT)]) == "Apache-2.0 OR MIT"
    assert choose_licence([("COPYING", GPL_3), ("LICENSE.txt", MIT)]) == "GPL-3.0-only AND MIT"
    assert choose_licence([("LICENSE", MIT), ("LICENSE.old", "ours")]) == "unknown"
    assert choose_licence([]) == "unknown"


def test_source_that_is_about_licences_is_no_licence_file() -> None:
    assert all(map(is_licence_file, ("LICENSE", "licence.md", "COPYING.LESSER", "LICENSE-MIT")))
    assert not any(map(is_licence_file, ("license.py", "licence_texts.py", "license.json", "a")))
