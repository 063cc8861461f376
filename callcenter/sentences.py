"""What a caller hears from us, from the catalogue, in the language of the line."""

from registry.kit import i18n

SPOKEN = "it"
CALL_BACK_KEY = "1"


def _(sentence: str, **places: object) -> str:
    said = i18n.catalogue(SPOKEN).gettext(sentence)
    return said % places if places else said


def waiting(position: int, *, may_leave: bool) -> list[str]:
    """The place in the queue and, after a while, the offer to be called back."""
    said = [
        _("You are the next.")
        if position == 1
        else _("There are %(n)s callers before you.", n=position - 1)
    ]
    said.append(_("Please stay on the line: an operator will answer you."))
    if may_leave:
        said.append(_("To be called back instead, press %(key)s.", key=CALL_BACK_KEY))
    return said


def called_back() -> str:
    return _("We will call you back as soon as possible. Goodbye.")


def busy() -> str:
    return _("All lines are busy. We will call you back as soon as possible.")


def a_moment() -> str:
    return _("The line to the operator broke. Stay on the line: somebody answers you at once.")


def thanks(reply: str) -> str:
    """After a key: what follows from it."""
    if reply == "agreed":
        return _("Thank you. It has been written down. Goodbye.")
    return _("All right. We ask somebody else. Goodbye.")


def hold() -> str:
    return _("One moment, please. Stay on the line.")


def too_late() -> str:
    return _("This call is no longer waiting for you.")
