"""The pages people see, one file each."""

from fastapi import APIRouter

from webconsole.pages import lists, people, preferences, room, team

ROUTERS: tuple[APIRouter, ...] = (
    room.router,
    people.router,
    lists.router,
    preferences.router,
    team.router,
)
