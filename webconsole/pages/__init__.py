"""The pages people see, one file each."""

from fastapi import APIRouter

from webconsole.pages import (
    administration,
    lists,
    own_sessions,
    people,
    preferences,
    room,
    subscribers,
    team,
)

ROUTERS: tuple[APIRouter, ...] = (
    room.router,
    people.router,
    lists.router,
    preferences.router,
    team.router,
    subscribers.router,
    administration.router,
    own_sessions.router,
)
