"""What roles and rights are called on a screen."""

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
