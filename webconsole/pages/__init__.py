"""The pages people see, one file each."""

from fastapi import APIRouter

from webconsole.pages import (
    administration,
    alarm_sheet,
    bookings,
    directory,
    doors,
    figures,
    lists,
    own_sessions,
    people,
    planned_calls,
    plans,
    preferences,
    requests,
    reserved,
    revision,
    room,
    subscribers,
    team,
)

ROUTERS: tuple[APIRouter, ...] = (
    room.router,
    people.router,
    requests.router,
    directory.router,
    bookings.router,
    lists.router,
    preferences.router,
    team.router,
    subscribers.router,
    plans.router,
    planned_calls.router,
    figures.router,
    alarm_sheet.router,
    administration.router,
    own_sessions.router,
    doors.router,
    reserved.router,
    reserved.api,
    revision.router,
)
