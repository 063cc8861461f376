"""Telecare's codes in words: absences, reasons, days, and the journal's lines of them."""

from dispatch.words import N_

ABSENCES = {
    "hospital": N_("In hospital"),
    "holiday": N_("On holiday"),
    "family": N_("With the family"),
    "other": N_("Away from home"),
}

WHY_IN = {
    "alarm": N_("An alarm is open"),
    "welfare_check": N_("Somebody goes to see how they are"),
    "asked_by_kin": N_("Kin asked for it"),
    "technician_visit": N_("A technician goes"),
    "file_update": N_("The file is being checked"),
}

WEEKDAYS = {
    "1": N_("Mon"),
    "2": N_("Tue"),
    "3": N_("Wed"),
    "4": N_("Thu"),
    "5": N_("Fri"),
    "6": N_("Sat"),
    "7": N_("Sun"),
}

HAPPENED = {
    "telecare.subscriber_changed": N_("Telecare file changed"),
    "telecare.way_in_shown": N_("How to get in was read"),
    "telecare.ladder_changed": N_("Contact ladder changed"),
}
