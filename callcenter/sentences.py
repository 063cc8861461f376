"""What a caller hears from us, from the catalogue, in their language where we have it."""

from registry.kit import i18n

SPOKEN = i18n.LANGUAGES[0]
CALL_BACK_KEY = "1"
# Calls about nobody else: who says no to these wants to be spoken with.
FOR_THEMSELVES = frozenset({"planned"})


def _(sentence: str, language: str = SPOKEN, **places: object) -> str:
    said = i18n.catalogue(language).gettext(sentence)
    return said % places if places else said


def waiting(position: int, *, may_leave: bool, language: str = SPOKEN) -> list[str]:
    """The place in the queue and, after a while, the offer to be called back."""
    said = [
        _("You are the next.", language)
        if position == 1
        else _("There are %(n)s callers before you.", language, n=position - 1)
    ]
    said.append(_("Please stay on the line: an operator will answer you.", language))
    if may_leave:
        said.append(_("To be called back instead, press %(key)s.", language, key=CALL_BACK_KEY))
    return said


def reassurance(language: str) -> str:
    """What a home hears that rings in a storm while nobody is free for it."""
    return _(
        "This is the operations room. Your call for help has reached us and is not lost."
        " Many homes are ringing at this moment: the first operator who is free answers you."
        " If the line drops we call you back.",
        language,
    )


def called_back() -> str:
    return _("We will call you back as soon as possible. Goodbye.")


def busy() -> str:
    return _("All lines are busy. We will call you back as soon as possible.")


def a_moment() -> str:
    return _("The line to the operator broke. Stay on the line: somebody answers you at once.")


def thanks(reply: str, language: str = SPOKEN, *, purpose: str = "") -> str:
    """After a key: what follows from it, for whoever was called or for somebody they care for."""
    if reply == "agreed":
        return _("Thank you. It has been written down. Goodbye.", language)
    if purpose in FOR_THEMSELVES:
        return _("All right. An operator calls you as soon as possible. Goodbye.", language)
    return _("All right. We ask somebody else. Goodbye.", language)


def hold() -> str:
    return _("One moment, please. Stay on the line.")


def too_late() -> str:
    return _("This call is no longer waiting for you.")
