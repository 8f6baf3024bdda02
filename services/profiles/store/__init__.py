"""All that profiles keeps, and every question it asks its database."""

from services.profiles.store.imports import Imports
from services.profiles.store.main import Store
from services.profiles.store.writing import Writing

__all__ = ["Imports", "Store", "Writing"]
