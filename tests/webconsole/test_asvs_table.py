"""The table of security items says of each item of the target whether it is met, and where."""

import re
from collections import Counter
from collections.abc import Iterator

from tests.house import ROOT, tree

# OWASP ASVS 5.0.0: of each section the level of its items, in their order.
LEVELS = {
    "1.1": "22",
    "1.2": "1111122223",
    "1.3": "112222222223",
    "1.4": "222",
    "1.5": "123",
    "2.1": "122",
    "2.2": "112",
    "2.3": "12223",
    "2.4": "23",
    "3.1": "3",
    "3.2": "113",
    "3.3": "12223",
    "3.4": "11222233",
    "3.5": "11122333",
    "3.6": "3",
    "3.7": "22333",
    "4.1": "12233",
    "4.2": "23333",
    "4.3": "22",
    "4.4": "1222",
    "5.1": "2",
    "5.2": "112333",
    "5.3": "113",
    "5.4": "222",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "11223333",
    "6.4": "112233",
    "6.5": "22222333",
    "6.6": "2223",
    "6.7": "33",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "223",
    "7.6": "22",
    "8.1": "1233",
    "8.2": "1123",
    "8.3": "133",
    "8.4": "23",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "223",
    "10.3": "22223",
    "10.4": "1111122222233333",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.1": "2233",
    "11.2": "22233",
    "11.3": "11233",
    "11.4": "1222",
    "11.5": "23",
    "11.6": "23",
    "11.7": "33",
    "12.1": "12233",
    "12.2": "11",
    "12.3": "22223",
    "13.1": "2333",
    "13.2": "222223",
    "13.3": "2233",
    "13.4": "1222233",
    "14.1": "22",
    "14.2": "12223333",
    "14.3": "122",
    "15.1": "12233",
    "15.2": "12233",
    "15.3": "1222222",
    "15.4": "3333",
    "16.1": "2",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "2223",
    "17.1": "23",
    "17.2": "22223333",
    "17.3": "22",
}
WHOLE = {"6", "7", "8", "11", "16"}  # log-in, sessions, authorisation, cryptography, logging
ROW = re.compile(r"^\| (\d[^|]*) \| (yes|partly|no|n/a) \| ([^|]*)\|([^|]*)\|$")
FILE = re.compile(r"`([\w/.-]+\.\w+)(?::\w+)?`")


def rows() -> list[tuple[str, str, str]]:
    """Items, whether they are met, and the rest of each line of the table."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.split("## Where each item is met")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    found = [ROW.match(line) for line in lines]
    assert [line for line, each in zip(lines, found, strict=True) if each is None] == []
    return [(each[1], each[2], each[3] + each[4]) for each in found if each]


def items(written: str) -> Iterator[str]:
    """`1.2.1 to 1.2.3, 1.4.1` as the items it stands for."""
    for part in written.split(", "):
        first, _, last = part.strip().partition(" to ")
        section, _, number = first.rpartition(".")
        end = (last or first).rpartition(".")[2]
        assert (last or first).startswith(f"{section}.")
        yield from (f"{section}.{each}" for each in range(int(number), int(end) + 1))


def test_each_item_of_the_target_stands_once_in_the_table() -> None:
    wanted = {
        f"{section}.{number}"
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, start=1)
        if level < "3" or section.partition(".")[0] in WHOLE
    }
    there = Counter(item for written, _, _ in rows() for item in items(written))
    every = {
        f"{section}.{number}"
        for section, levels in LEVELS.items()
        for number in range(1, len(levels) + 1)
    }
    assert sorted(wanted - set(there)) == []
    assert [item for item, times in there.items() if times > 1] == []
    assert sorted(set(there) - every) == []


def test_what_is_met_names_a_file_and_every_file_that_is_named_exists() -> None:
    known = {str(path.relative_to(ROOT)) for path in tree()}
    unproved, missing = [], []
    for written, met, rest in rows():
        named = [each for each in FILE.findall(rest) if each.find("/") > 0]
        missing += [f"{written}: {each}" for each in named if each not in known]
        if met == "yes" and not [each for each in named if each in known]:
            unproved.append(written)
    assert missing == []
    assert unproved == []
