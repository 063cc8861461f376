"""Cases, their notes, documents and referrals in words, and the journal's lines of them."""

from collections.abc import Mapping

from dispatch.words import N_

CASE_STATES = {
    "open": N_("case open"),
    "suspended": N_("suspended"),
    "closed": N_("closed"),
}

SCOPES = {
    "mine": N_("My cases"),
    "office": N_("Of my office"),
    "nobodys": N_("Without a case manager"),
    "all": N_("All the live ones"),
}

PARTS = {"manager": N_("Case manager"), "deputy": N_("Deputy")}

CIRCLES = {
    "everyone": N_("whoever sees the case"),
    "role": N_("one role only"),
    "office": N_("my office only"),
    "author": N_("myself only"),
}

ATTACHMENT_STATES = {
    "unchecked": N_("not scanned"),
    "waiting": N_("being scanned"),
    "clean": N_("scanned, clean"),
    "refused": N_("refused by the scanner, thrown away"),
}

REFERRAL_STATES = {
    "sent": N_("sent"),
    "seen": N_("seen"),
    "accepted": N_("accepted"),
    "refused": N_("refused"),
    "concluded": N_("concluded"),
    "withdrawn": N_("taken back"),
}

BOXES = {
    "received": N_("Received by my office"),
    "sent": N_("Sent by my office"),
    "overdue": N_("Late ones"),
    "all": N_("Every referral"),
}

HAPPENED = {
    "registry.case_stage_changed": N_("Case: stage changed"),
    "registry.case_suspended": N_("Case suspended"),
    "registry.case_assigned": N_("Case given to somebody"),
    "registry.case_left": N_("Somebody no longer follows the case"),
    "registry.case_targets_changed": N_("Target groups changed"),
    "registry.case_held": N_("Legal hold set"),
    "registry.case_released": N_("Legal hold lifted"),
    "registry.note_written": N_("Note written"),
    "registry.attachment_added": N_("Document added"),
    "registry.attachment_checked": N_("Document scanned"),
    "registry.attachment_read": N_("Document downloaded"),
    "registry.referral_moved": N_("Referral"),
    "registry.referral_overdue": N_("Referral late"),
    "registry.hook_added": N_("Webhook added"),
    "registry.hook_changed": N_("Webhook changed"),
    "registry.texts_chosen": N_("Texts wanted, or not"),
    "callcenter.text_sent": N_("Reminder sent by text"),
    "callcenter.text_not_sent": N_("The text did not go out: call"),
    "registry.codes_changed": N_("Coded list changed"),
}

DETAILS: dict[str, tuple[str, Mapping[str, str]]] = {
    "registry.case_assigned": ("part", PARTS),
    "registry.case_left": ("part", PARTS),
    "registry.attachment_checked": ("state", ATTACHMENT_STATES),
    "registry.referral_moved": ("state", REFERRAL_STATES),
    "registry.referral_overdue": ("state", REFERRAL_STATES),
}

DELIVERY_STATES = {
    "pending": N_("to be delivered"),
    "delivered": N_("delivered"),
    "dead": N_("no program took it"),
}

LISTS = {
    "need": N_("Needs"),
    "target": N_("Target groups"),
    "barrier": N_("What makes access hard"),
    "case_stage": N_("Stages of a case"),
    "case_outcome": N_("How cases end"),
    "qualification": N_("Qualifications of the staff"),
}
