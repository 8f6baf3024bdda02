"""All routes of profiles, put together from the resources' files."""

from fastapi import APIRouter

from services.profiles.api import enrollments, imports, names, organizations, participants, programs
from services.profiles.api.parts import Parts


def routers(parts: Parts) -> list[APIRouter]:
    """All routes under /v1."""
    rooms = (organizations, programs, enrollments, names, participants, imports)
    found = []
    for room in rooms:
        router = APIRouter(prefix="/v1", tags=[room.__name__.rpartition(".")[2]])
        room.add(router, parts)
        found.append(router)
    return found
