"""What happens to access points, the directory and calendars, in words."""

from dispatch.words import N_

HAPPENED = {
    "registry.access_point_added": N_("Access point added"),
    "registry.access_point_changed": N_("Access point changed"),
    "registry.body_added": N_("Body added to the directory"),
    "registry.service_added": N_("Service added to the directory"),
    "registry.service_changed": N_("Service sheet changed"),
    "registry.sheet_reported": N_("Sheet reported as out of date"),
    "registry.sheet_reports_settled": N_("Reports on a sheet settled"),
    "registry.calendar_opened": N_("Calendar opened"),
    "registry.slots_offered": N_("Times offered"),
    "registry.slot_called_off": N_("Time called off"),
}
