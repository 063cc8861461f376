"""What bases, ways, rules and places of data are called on a screen and on paper."""

from dispatch.words import N_

HAPPENED = {
    "registry.person_printed": N_("File printed"),
    "registry.access_log_read": N_("Asked who looked at the file"),
    "registry.people_listed": N_("Shown in a list"),
    "registry.list_exported": N_("List taken along as a file"),
    "registry.glass_broken": N_("Reserved file opened with a reason"),
    "registry.purpose_written": N_("Purpose of the register written"),
    "registry.notice_given": N_("Privacy notice given"),
    "registry.consent_given": N_("Consent given"),
    "registry.consent_withdrawn": N_("Consent withdrawn"),
    "registry.retention_rule_written": N_("Rule of keeping written"),
    "registry.disposal_proposed": N_("List of files to end proposed"),
    "registry.disposal_authorised": N_("List of files to end authorised"),
    "registry.disposal_refused": N_("List of files to end refused"),
    "registry.disposal_executed": N_("List of files to end carried out"),
    "registry.person_erased": N_("File erased, figures kept"),
    "registry.person_erased_again": N_("File erased again after a backup was restored"),
    "registry.export_drafted": N_("Copy of one's own data prepared"),
    "registry.export_handed_over": N_("Copy of one's own data ready to hand over"),
    "registry.export_discarded": N_("Copy of one's own data thrown away"),
    "registry.export_brought_back": N_("File brought back from a backup, as a copy to be read"),
    "registry.export_taken": N_("Copy of one's own data downloaded"),
}
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
    "pictures": N_("Pictures"),
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
    "texts": N_("Text messages"),
    "no_texts": N_("No text messages wanted"),
    "tech_jobs": N_("Visits of technicians"),
}
