"""What roles, compartments and ways of looking are called on a screen."""

from webconsole.words import N_

ROLES = {
    "operator": N_("Operator"),
    "coordinator": N_("Coordinator"),
    "social_worker": N_("Social worker"),
    "team": N_("Team, on its phone"),
    "technician": N_("Technician"),
    "administrator": N_("Administrator"),
    "auditor": N_("Auditor"),
}

MEANINGS = {
    "operator": N_("answers calls and alarms, asks for teams, reads and writes files"),
    "coordinator": N_("the same, and leads the room, sees reserved files and who looked"),
    "social_worker": N_("reads and writes files and cases"),
    "team": N_("sees only the interventions of its team"),
    "technician": N_("units and signals, nobody's file"),
    "administrator": N_("staff, roles, offices, units; nobody's file"),
    "auditor": N_("who looked at which file, and the journal; nobody's file"),
}

HOLDERS = {
    "body": N_("ours"),
    "contractor": N_("of a contractor"),
    "partner": N_("of a partner"),
}

HOLDERS_MEAN = {
    "body": N_("its people may do what their roles say"),
    "contractor": N_("daily work: no reserved files, no merging, no rules, staff or journal"),
    "partner": N_("only their own teams and units: nobody's file"),
}

COMPARTMENTS = {
    "violence": N_("violence"),
    "minors": N_("minors"),
    "adoption": N_("adoption"),
    "health": N_("health"),
    "judicial": N_("judicial matters"),
}

# Why somebody opened a file, as the journal has it.
WHYS = {
    "file": N_("opened the file"),
    "board": N_("looked at the first page from the room"),
    "intervention": N_("for an intervention"),
    "call": N_("for a call"),
    "alarm": N_("for an alarm"),
    "case": N_("for a case"),
    "request": N_("for a request"),
    "privacy": N_("for notices, consents or a copy of one's own data"),
    "telecare": N_("for telecare"),
    "planned_calls": N_("for planned calls"),
    "emergency_sheet": N_("for the sheet of 118"),
    "merge": N_("to put two files together"),
    "duplicates": N_("to tell two files apart"),
    "change": N_("to change the file"),
    "booking": N_("for a booking"),
    "household": N_("for the household"),
    "device": N_("for a unit"),
    "tech_job": N_("for a technician's visit"),
    "plan": N_("for the plan of an alarm"),
    "picture": N_("for a picture"),
    "receipt": N_("for the receipt of a request"),
    "eligibility": N_("to see what somebody is entitled to"),
}

LOOKS = {
    "registry.person_printed": N_("printed the file"),
    "registry.referral_read": N_("read a referral to their office"),
    "registry.page_printed": N_("printed a page with the name on it"),
    "registry.export_taken": N_("took the copy of the data along"),
    "registry.file_packed": N_("packed the file for the archive"),
    "registry.attachment_read": N_("downloaded a document of a case"),
    "registry.people_searched": N_("saw the name among the results of a search"),
    "registry.people_listed": N_("saw the name in a list"),
    "registry.glass_broken": N_("opened the reserved file with a reason"),
    "registry.access_log_read": N_("asked who looked"),
    "telecare.way_in_shown": N_("read how to get in"),
}

UNUSUAL = {
    "reserved_without_work": N_("Reserved file opened without any work on it"),
    "same_family_name": N_("File of somebody with the same family name, without any work on it"),
    "broke_glass": N_("Reserved file opened with a reason"),
    "often_without_work": N_("The same file opened often, without any work on it"),
    "many_files": N_("Far more files than the others of the same role"),
}

PACKAGES = {
    "registry": N_("Registry and access"),
    "callcenter": N_("Calls"),
    "telecare": N_("Telecare"),
    "dispatch": N_("Interventions"),
}
