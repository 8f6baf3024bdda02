"""An application in the shared frame, with a kernel that lives in memory and undoes what raises."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from shared.http import create_app
from shared.settings import Settings
from tests.support.memory import MemoryAnswers, MemoryKernel


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(profile="embedded", data_dir=tmp_path)


@pytest.fixture
def kernel() -> MemoryKernel:
    return MemoryKernel()


@pytest.fixture
def make(settings: Settings, kernel: MemoryKernel) -> Callable[..., FastAPI]:
    """Makes the application with these routers."""

    def made(*routers: APIRouter, **changed: Any) -> FastAPI:
        found = settings.model_copy(update=changed)
        return create_app("sessions", found, kernel, routers, answers=MemoryAnswers())

    return made
