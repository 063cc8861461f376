"""Telecare's codes in words: absences, reasons, days, and the journal's lines of them."""

from dispatch.words import N_

ABSENCES = {
    "hospital": N_("In hospital"),
    "holiday": N_("On holiday"),
    "family": N_("With the family"),
    "other": N_("Away from home"),
}

# Location codes of SCAIP (`lco`), as far as they are published.
ROOMS = {
    "2": N_("in the home"),
    "11": N_("bathroom"),
    "12": N_("bedroom"),
    "21": N_("kitchen"),
    "43": N_("living room"),
}

WHY_IN = {
    "alarm": N_("An alarm is open"),
    "welfare_check": N_("Somebody goes to see how they are"),
    "asked_by_kin": N_("Kin asked for it"),
    "technician_visit": N_("A technician goes"),
    "file_update": N_("The file is being checked"),
    "home_visit": N_("A social worker visits"),
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

STEPS = {
    "talk_home": N_("Speak with the home"),
    "call_contacts": N_("Call the contacts in order"),
    "ask_team": N_("Send a team"),
    "emergency": N_("Call 112 or 118"),
    "call_again": N_("Call the home again"),
    "check": N_("Something to check"),
}

STEP_OUTCOMES = {
    "done": N_("done"),
    "reached": N_("spoken with"),
    "not_reached": N_("not reached"),
    "accepted": N_("goes there"),
    "declined": N_("cannot go"),
    "waiting": N_("reminder set"),
    "due": N_("to be done now"),
    "not_needed": N_("not needed"),
}

ROUND_STATES = {
    "calling": N_("calling in turn"),
    "accepted": N_("somebody said yes"),
    "exhausted": N_("nobody could be reached"),
    "stopped": N_("stopped"),
}

WHOM = {
    "contacts": N_("The system calls the contacts"),
    "on_call": N_("The system calls who is on call"),
}

WENT = {
    "accepted": N_("pressed 1: yes"),
    "declined": N_("pressed 2: cannot"),
    "silent": N_("answered, no key: perhaps a voicemail"),
    "no_answer": N_("no answer"),
    "busy": N_("busy"),
    "failed": N_("the call did not go out"),
    "uncertain": N_("nobody knows whether it rang"),
    "stopped": N_("stopped"),
}

PURPOSES = {
    "company": N_("Company"),
    "check": N_("Check"),
    "medication": N_("Medicine"),
    "heat": N_("Heat"),
    "cold": N_("Cold"),
    "outage": N_("Breakdown of many units"),
}

BY = {
    "operator": N_("an operator calls"),
    "system": N_("the system calls, press 1"),
}

PLANNED_STATES = {
    "to_do": N_("to be called"),
    "ringing": N_("ringing now"),
    "done": N_("called"),
    "missed": N_("missed: an alarm was raised"),
    "skipped": N_("not called: away, or no longer planned"),
}

RESULTS = {
    "well": N_("All is well"),
    "follow_up": N_("Something has to be done"),
    "refused": N_("Does not want to be called"),
    "help_asked": N_("Asks for help: an alarm is raised"),
}

WHY_FIRST = {
    "pressed": N_("pressed the button"),
    "powered": N_("needs current to live"),
    "silent": N_("unit silent"),
    "very_old": N_("85 or older"),
    "nobody_near": N_("no contact known"),
    "alert": N_("has an alert"),
    "old": N_("75 or older"),
}

CLOCKS = {
    "signal_to_operator": N_("from the signal stored to the operator who takes it"),
    "signal_to_voice": N_("from the signal stored to the first words with the home"),
    "call_to_voice": N_("from the first ring of a caller to the first words"),
    "decision_to_arrival": N_("from the decision to send a team to its arrival"),
    "fault_to_repair": N_("from the fault to its repair"),
}

COMMANDS = {
    "listen": N_("Listen"),
    "talk": N_("Talk"),
    "duplex": N_("Both ways"),
    "softer": N_("Softer"),
    "louder": N_("Louder"),
    "door": N_("Open the door"),
    "clear_down": N_("Clear-down"),
}

TONES_STATES = {
    "wanted": N_("on its way"),
    "sending": N_("on its way"),
    "sent": N_("sent"),
    "failed": N_("not sent"),
    "uncertain": N_("perhaps sent"),
}

STOCK_STATES = {
    "in_stock": N_("in the store"),
    "installed": N_("in a home"),
    "in_repair": N_("in the workshop"),
    "retired": N_("out of use"),
}

TECH_JOBS = {
    "installation": N_("Installation"),
    "maintenance": N_("Maintenance"),
    "fault": N_("Fault to mend"),
    "removal": N_("Unit to fetch"),
}

TECH_JOB_STATES = {
    "wanted": N_("nobody goes yet"),
    "taken": N_("a technician goes"),
    "testing": N_("being tested"),
    "done": N_("job done"),
    "cancelled": N_("job called off"),
}

HAPPENED = {
    "telecare.code_classified": N_("Meaning of a code written"),
    "telecare.target_written": N_("Contract target written"),
    "telecare.target_ended": N_("Contract target ended"),
    "telecare.home_on_the_line": N_("The home is on the line"),
    "telecare.voice_profile_written": N_("Voice profile written"),
    "callcenter.caller_reassured": N_("The home heard the recorded reassurance"),
    "callcenter.tones_wanted": N_("Command to the unit"),
    "callcenter.tones_pressed": N_("Command to the unit: outcome"),
    "telecare.call_plan_written": N_("Planned calls begin"),
    "telecare.call_plan_ended": N_("Planned calls end"),
    "telecare.planned_call_done": N_("Planned call made"),
    "telecare.planned_call_missed": N_("Planned call missed"),
    "callcenter.call_replied": N_("Key pressed in a call of the system"),
    "telecare.device_moved": N_("Unit moved"),
    "telecare.tech_job_wanted": N_("Technician asked for"),
    "telecare.tech_job_taken": N_("A technician goes"),
    "telecare.tech_job_late": N_("Technician's job is late"),
    "telecare.tech_job_ended": N_("Technician's job over"),
    "telecare.campaign_began": N_("Call campaign begun"),
    "telecare.campaign_closed": N_("Call campaign closed"),
    "telecare.plan_written": N_("Action plan written"),
    "telecare.plan_retired": N_("Action plan withdrawn"),
    "telecare.step_taken": N_("Step of the plan"),
    "telecare.round_began": N_("The system begins to call"),
    "telecare.round_tried": N_("The system has called"),
    "telecare.round_accepted": N_("Called by the system, somebody said yes"),
    "telecare.round_exhausted": N_("Called by the system, nobody could be reached"),
    "telecare.help_needed": N_("Nobody can be reached: 112, 118 or a team"),
    "telecare.on_call_set": N_("On-call duty written"),
    "telecare.on_call_ended": N_("On-call duty ended"),
    "telecare.subscriber_changed": N_("Telecare file changed"),
    "telecare.way_in_shown": N_("How to get in was read"),
    "telecare.ladder_changed": N_("Contact ladder changed"),
}

DETAILS = {
    "telecare.planned_call_done": ("outcome", RESULTS),
    "telecare.call_plan_written": ("purpose", PURPOSES),
    "telecare.campaign_began": ("purpose", PURPOSES),
    "telecare.device_moved": ("to", STOCK_STATES),
    "telecare.tech_job_wanted": ("what", TECH_JOBS),
    "telecare.tech_job_ended": ("state", TECH_JOB_STATES),
    "telecare.campaign_closed": ("purpose", PURPOSES),
    "telecare.step_taken": ("what", STEPS),
    "telecare.round_tried": ("outcome", WENT),
    "telecare.round_began": ("whom", WHOM),
}
