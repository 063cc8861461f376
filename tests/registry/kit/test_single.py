"""What a process has one of is made once."""

import threading

from registry.kit.single import Single


def test_two_threads_that_ask_first_at_one_moment_get_the_same_thing() -> None:
    """Two engines were made at the start: one was forgotten with its connection open."""
    begun, again = threading.Event(), threading.Event()
    made: list[object] = []

    def make() -> object:
        made.append(object())
        (again if begun.is_set() else begun).set()
        again.wait(0.2)  # where nothing holds the other back it comes in here
        return made[0]

    only = Single(make)
    got: list[object] = []
    asking = [threading.Thread(target=lambda: got.append(only())) for _ in range(2)]
    asking[0].start()
    assert begun.wait(20)
    asking[1].start()
    for each in asking:
        each.join()

    assert len(made) == 1
    assert got == [made[0], made[0]]


def test_what_was_forgotten_is_made_anew() -> None:
    only = Single(object)
    first = only()
    assert only() is first
    only.cache_clear()
    assert only() is not first
