"""How the command finds services: by name, when it is run, so that `shared` imports none of them."""

import importlib
from typing import Any

from shared.console.out import USAGE, Failed
from shared.http.app import Service
from shared.settings import Settings, SettingsError, load


def settings_class(name: str) -> type[Settings]:
    """The settings class of a service."""
    found: type[Settings] = _member(f"services.{name}.settings", "Settings")
    return found


def build(name: str, **overrides: Any) -> Service:
    """The assembled service, with settings from the environment and these on top. Raises Failed."""
    try:
        settings = load(settings_class(name), **overrides)
    except SettingsError as error:
        raise Failed(str(error), USAGE) from None
    service: Service = _member(f"services.{name}.app", "build")(settings)
    return service


def _member(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise Failed(f"there is no {module}", USAGE) from None
        # Another module is missing: most likely the service's extra was not installed.
        raise Failed(f"{module} needs {error.name}: install rapport[{module.split('.')[1]}]", USAGE) from None
