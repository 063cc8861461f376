"""An invented population: names as in an Italian registry, and the ways in which they are damaged.

Nobody in it exists: surnames are put together from syllables, given names are drawn by lot.
"""

import random
from collections.abc import Callable, Iterator
from itertools import accumulate, product
from typing import NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from registry import nicknames
from registry.kit import clock
from registry.kit.db import new_id
from registry.names import UNKNOWN_YEAR, pairs_of
from registry.spelling import fold

SEED = 20261122
SURNAMES = 80_000
FOREIGN = 0.12
DOUBLE_GIVEN = 0.12
RESTRICTED = 0.002
FIRST_YEAR, LAST_YEAR = 1924, 2024
VOWELS = "aeiou"
LETTERS = "abcdefghilmnopqrstuvz"


def _words(text: str) -> list[str]:
    return text.split()


MEN = _words(
    """Antonio Giuseppe Giovanni Francesco Luigi Vincenzo Mario Salvatore Andrea Domenico Marco
Angelo Pietro Carlo Roberto Paolo Michele Alessandro Franco Stefano Bruno Raffaele Luca Pasquale
Enrico Massimo Giorgio Claudio Renato Gennaro Nicola Ciro Matteo Maurizio Fabio Alberto Filippo
Lorenzo Davide Sergio Daniele Simone Rocco Gaetano Emanuele Umberto Federico Guido Alfonso Vito
Giacomo Tommaso Carmine Aldo Ernesto Gabriele Armando Rosario Riccardo Leonardo Silvio Cosimo
Ugo Edoardo Dario Tiziano Fulvio Ivano Lucio Nunzio Ettore Oreste Saverio Egidio Elio"""
)
WOMEN = _words(
    """Maria Anna Giuseppina Rosa Angela Giovanna Teresa Lucia Carmela Caterina Francesca Paola
Laura Giulia Antonietta Rita Elena Concetta Antonia Luisa Margherita Silvia Assunta Daniela Sara
Elisabetta Immacolata Patrizia Chiara Alessandra Raffaella Vincenza Michela Rosaria Filomena Emma
Roberta Barbara Cristina Monica Valentina Simona Gabriella Nunzia Domenica Grazia Ida Pasqualina
Stefania Clara Adele Bianca Irene Marta Veronica Ornella Luciana Marisa Norma Ines Elvira Gina
Olga Agnese Serafina Addolorata Annunziata Graziella Loredana Nadia Wanda Sabrina Ivana"""
)
ELSEWHERE = {
    "romanian": (
        "Andrei Mihai Ionut Alexandru Gheorghe Vasile Elena Ioana Mihaela Cristina Ana Florin",
        "Pop Mold Cern Ungur Cioban Lup Rus Mar Stoic Dragom Neagr Olar",
        "escu eanu ariu ean aru a ovici an oiu ureanu",
    ),
    "maghrebi": (
        "Mohamed Ahmed Youssef Fatima Khadija Hassan Rachid Amina Abdel Karim Samira Nadia",
        "Benn Bouch Chark Ouald Hadd Lahl Zerou Belk Tahr Mansour Khal Sedd",
        "ani aoui i ali oudi am aza idi allah our",
    ),
    "bengali": (
        "Rahman Abdul Mohammad Nasrin Sultana Jahangir Kamal Shirin Rina Faruk Anwar Begum",
        "Choudh Siddiq Bhuiy Mazumd Talukd Akht Hoss Kha Sark Mi",
        "ury ui an ar er ain ndoker ah a ee",
    ),
    "ukrainian": (
        "Olena Oksana Svitlana Nataliia Halyna Mykola Andrii Oleksandr Ivan Tetiana Yuliia Iryna",
        "Shevch Kov Bond Tkach Krav Oliin Lys Mel Pol Hav Sav Marchen Petr Rom",
        "enko alenko arenko chuk uk yk ets nyk ishyn iv",
    ),
    "chinese": (
        "Wei Li Jun Xiao Mei Ling Hao Yan Fang Jing Min Hui",
        "Ch W Zh H X L Y T S F",
        "en ang u ao iu ou in ong ai eng",
    ),
    "nigerian": (
        "Blessing Joy Faith Emeka Chidi Ngozi Osas Precious Samuel Victor Grace Destiny",
        "Ok Ad Ez Igb Og Ebo Nw Om Ekw Uz",
        "onkwo eyemi eani inoba bodo igbo osu oregie ueme odinma",
    ),
}
ONSETS = _words("b br c cr d f fr g gr l m n p pr r s sc t tr v z")
MIDDLES = _words("ll tt rd n r s v lb nt rr ss cch gn zz mp nd st rt c gl")
ENDINGS = _words(
    "i a o ini elli etti one oni ucci asco ari ardi aro azzo ese isi occhi ozzi ano ani esi ella "
    "ale ato ero ieri otti otto ino ello illo iello ucco uzzi aldi andi enti aci anza ente"
)
PARTICLES = ("De ", "Di ", "Lo ", "La ", "D'", "Del ", "Della ", "San ")


class Someone(NamedTuple):
    """An invented person."""

    given: str
    family: str
    year: int


class Population:
    """The same people for the same seed and size."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self.rng = random.Random(seed)
        self.surnames = self._surnames()
        self.surname_weights = list(accumulate((at + 60) ** -0.75 for at in range(SURNAMES)))
        self.given_weights = list(accumulate((at + 3) ** -0.8 for at in range(len(MEN))))
        self.foreign = [
            (
                given.split(),
                ["".join(pair).strip() for pair in product(stems.split(), ends.split())],
            )
            for given, stems, ends in ELSEWHERE.values()
        ]
        self.people = [self._someone() for _ in range(size)]

    def _surnames(self) -> list[str]:
        stems = ["".join(each) for each in product(ONSETS, VOWELS, MIDDLES)]
        made = sorted({stem + end for stem, end in product(stems, ENDINGS)})
        self.rng.shuffle(made)
        return [self._particle() + each.capitalize() for each in made[:SURNAMES]]

    def _particle(self) -> str:
        return self.rng.choice(PARTICLES) if self.rng.random() < 0.06 else ""

    def _someone(self) -> Someone:
        rng = self.rng
        year = rng.randint(FIRST_YEAR, LAST_YEAR)
        if rng.random() < FOREIGN:
            givens, families = rng.choice(self.foreign)
            return Someone(rng.choice(givens), rng.choice(families), year)
        names = MEN if rng.random() < 0.49 else WOMEN
        count = 2 if rng.random() < DOUBLE_GIVEN else 1
        given_names = rng.choices(names, cum_weights=self.given_weights[: len(names)], k=count)
        (family,) = rng.choices(self.surnames, cum_weights=self.surname_weights)
        if rng.random() < 0.01:
            family += " " + rng.choice(self.surnames)
        return Someone(" ".join(dict.fromkeys(given_names)), family, year)


def load(session: Session, people: list[Someone]) -> None:
    """COPY them into the registry with what the search needs, in the caller's transaction."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)  # noqa: S101
    # What was made by this file is whole: each key beside its person need not be checked.
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.execute("SET LOCAL session_replication_role = replica")
    ids = [new_id() for _ in people]
    families, givens = set[str](), set[str]()
    chosen = random.Random(SEED)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY people (id, given_name, family_name, birth_year, language, restricted, "
            "created_at) FROM STDIN"
        ) as copy,
    ):
        now = clock.now()
        for person_id, each in zip(ids, people, strict=True):
            hidden = chosen.random() < RESTRICTED
            copy.write_row((person_id, each.given, each.family, each.year, "it", hidden, now))
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY name_keys (person_id, family, given, birth_year) FROM STDIN") as copy,
    ):
        for row in keys(ids, people):
            families.add(row[1])
            givens.add(row[2])
            copy.write_row(row)
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY name_words (kind, word) FROM STDIN") as copy,
    ):
        for kind, words in (("family", families), ("given", givens)):
            for word in sorted(words - {""}):
                copy.write_row((kind, word))
    connection.execute("ANALYZE people, name_keys, name_words")


def keys(ids: list[UUID], people: list[Someone]) -> Iterator[tuple[UUID, str, str, int]]:
    for person_id, each in zip(ids, people, strict=True):
        for family, given in sorted(set(pairs_of(each.given, each.family))):
            yield person_id, family, given, each.year or UNKNOWN_YEAR


Damage = Callable[[random.Random, Someone], str | None]


def slip(rng: random.Random, word: str) -> str:
    """One letter wrong, missing, too many, or changed with the next."""
    at = rng.randrange(len(word))
    letter = rng.choice(LETTERS)
    return rng.choice(
        (
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
        )
    )


MISHEARD = (
    ("cch", "cc"), ("ch", "k"), ("gn", "ni"), ("gl", "l"), ("zz", "z"), ("z", "s"), ("ll", "l"),
    ("tt", "t"), ("ss", "s"), ("rr", "r"), ("sc", "sh"), ("qu", "cu"), ("v", "w"), ("y", "i"),
    ("h", ""), ("ca", "ka"), ("co", "ko"), ("n", "nn"), ("r", "rr"), ("t", "tt"), ("l", "ll"),
    ("i", "y"),
)  # fmt: skip


def mishear(rng: random.Random, word: str) -> str:
    """Written as it sounds."""
    fitting = [(heard, written) for heard, written in MISHEARD if heard in word[1:]]
    if not fitting:
        return word
    heard, written = rng.choice(fitting)
    return word[0] + word[1:].replace(heard, written, 1)


def _short(rng: random.Random, someone: Someone) -> str | None:
    first = fold(someone.given).split()[0]
    names = sorted(nicknames.others(first))
    return f"{someone.family} {rng.choice(names)} {someone.year}" if names else None


def _first_given(_: random.Random, someone: Someone) -> str | None:
    first, _space, second = someone.given.partition(" ")
    return f"{someone.family} {first} {someone.year}" if second else None


# As in the experiment that chose the method: what is said, given who is meant.
DAMAGES: dict[str, Damage] = {
    "exact": lambda _, one: f"{one.family} {one.given} {one.year}",
    "typo in surname": lambda rng, one: f"{slip(rng, one.family)} {one.given} {one.year}",
    "typo in both names": lambda rng, one: (
        f"{slip(rng, one.family)} {slip(rng, one.given)} {one.year}"
    ),
    "two typos in surname": lambda rng, one: (
        f"{slip(rng, slip(rng, one.family))} {one.given} {one.year}"
    ),
    "phonetic": lambda rng, one: f"{mishear(rng, one.family)} {one.given} {one.year}",
    "swapped": lambda _, one: f"{one.given} {one.family} {one.year}",
    "nickname": _short,
    "first given name only": _first_given,
    "spoken age": lambda _, one: f"{one.family} {one.given} {clock.now().year - one.year} anni",
    "year off by one": lambda rng, one: (
        f"{one.family} {one.given} {max(1900, one.year + rng.choice((-1, 1)))}"
    ),
    "year off by one, typo": lambda rng, one: (
        f"{slip(rng, one.family)} {one.given} {one.year + rng.choice((-1, 1))}"
    ),
    "no year": lambda _, one: f"{one.family} {one.given}",
    "no year, typo": lambda rng, one: f"{slip(rng, one.family)} {one.given}",
}


def questions(
    people: list[Someone], damage: Damage, count: int, seed: int = SEED
) -> Iterator[tuple[str, Someone]]:
    """`count` questions about people drawn by lot, with who is meant."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        meant = rng.choice(people)
        said = damage(rng, meant)
        if said is not None:
            made += 1
            yield said, meant
