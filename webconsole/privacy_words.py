"""What bases, ways, rules and places of data are called on a screen and on paper."""

from webconsole.words import N_

BASES = {
    "public_task": N_("public task (art. 6.1.e)"),
    "legal_obligation": N_("legal obligation (art. 6.1.c)"),
    "vital_interest": N_("vital interest (art. 6.1.d)"),
    "consent": N_("consent (art. 6.1.a)"),
}
WAYS = {
    "paper": N_("on paper"),
    "spoken": N_("by word of mouth"),
    "online": N_("online"),
}
TRIGGERS = {
    "last_case_closed": N_("since the last case was closed"),
    "last_contact": N_("since the last contact"),
}
DISPOSITIONS = {
    "anonymise": N_("anonymise, keep figures"),
    "keep": N_("keep for good"),
}
DISPOSAL_STATES = {
    "proposed": N_("proposed"),
    "authorised": N_("authorised, being carried out"),
    "executed": N_("carried out"),
    "refused": N_("refused"),
}
EXPORT_STATES = {
    "draft": N_("to be read"),
    "handed_over": N_("ready to hand over"),
    "discarded": N_("thrown away"),
}
PLACES = {
    "people": N_("Person"),
    "names": N_("Other names"),
    "identifiers": N_("Codes and documents"),
    "phones": N_("Phones"),
    "addresses": N_("Addresses"),
    "alerts": N_("To know first"),
    "near_people": N_("Whom to call"),
    "openings": N_("Openings of the reserved file"),
    "notices": N_("Notices given"),
    "consents": N_("Consents"),
    "requests": N_("Requests"),
    "cases": N_("Cases"),
    "case_statuses": N_("Steps of the cases"),
    "case_assignments": N_("Handovers of the cases"),
    "case_holds": N_("Legal holds"),
    "case_notes": N_("Notes of the cases"),
    "referrals": N_("Referrals"),
    "contacts": N_("Contacts"),
    "bookings": N_("Bookings"),
    "calls": N_("Calls"),
    "subscribers": N_("Telecare"),
    "alarms": N_("Alarms"),
    "interventions": N_("Interventions"),
    "planned_calls": N_("Planned calls"),
    "tech_jobs": N_("Visits of technicians"),
}
