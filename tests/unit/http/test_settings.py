"""Settings: read from the environment, refused by name, documented completely."""

from pathlib import Path
from typing import ClassVar

import pytest

from shared import metrics
from shared.settings import DEVELOPMENT_ISSUER, Settings, SettingsError, load, page, rows

GOOD = {"RAPPORT_ISSUER": "https://id.example", "RAPPORT_JWKS_URL": "https://id.example/keys"}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("RAPPORT_")]:
        monkeypatch.delenv(name)


def test_variables_are_read_and_the_object_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**GOOD, "RAPPORT_PORT": "8111", "RAPPORT_MONGO_DRIVER": "pymongo"}.items():
        monkeypatch.setenv(name, value)
    found = load(Settings)
    assert (found.port, found.mongo_driver, found.profile) == (8111, "pymongo", "production")
    with pytest.raises(ValueError):
        found.port = 1


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"RAPPORT_PORT": "http"}, "RAPPORT_PORT"),
        ({"RAPPORT_PORT": "70000"}, "RAPPORT_PORT"),
        ({"RAPPORT_MONGO_DRIVER": "sync"}, "RAPPORT_MONGO_DRIVER"),
        ({"RAPPORT_DATABASE_PREFIX": "a/b"}, "RAPPORT_DATABASE_PREFIX"),
        ({"RAPPORT_ISSUER": ""}, "RAPPORT_ISSUER"),
        ({"RAPPORT_ISSUER": DEVELOPMENT_ISSUER}, "RAPPORT_ISSUER"),
        ({"RAPPORT_JWKS_URL": "http://id.example/keys"}, "RAPPORT_JWKS_URL"),
        ({"RAPPORT_PROFILE": "test"}, "RAPPORT_PROFILE"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], named: str
) -> None:
    for name, value in {**GOOD, **changed}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    assert named in str(refused.value)


def test_a_refused_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_PORT", "secret-password")
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    assert "secret-password" not in str(refused.value)


def test_the_embedded_profile_needs_no_identity_provider() -> None:
    assert load(Settings, profile="embedded").issuer is None


class OfOne(Settings):
    service: ClassVar[str] = "one"
    port: int = 8199
    smtp_host: str = "localhost"


def test_a_service_names_its_database_and_the_page_shows_what_it_changes() -> None:
    assert load(OfOne, profile="embedded").database == "rapport_one"
    text = page({"one": OfOne})
    assert "| `RAPPORT_PORT` | `8199` | Port of the HTTP API. |" in text
    assert "RAPPORT_SMTP_HOST" in text.split("## one")[1]
    assert "RAPPORT_MONGO_URI" not in text.split("## one")[1]


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, _, described in rows(Settings) if not described] == []


def test_the_page_of_metrics_is_current() -> None:
    page_of_metrics = Path(__file__).parents[3] / "docs" / "metrics.md"
    assert page_of_metrics.read_text(encoding="utf-8") == metrics.page(), "run `rapport settings` and commit"


def test_metrics_have_no_label_for_people_or_organizations() -> None:
    labels = {label for _, _, labels, _ in metrics.described() for label in labels}
    assert not labels & {"organization", "participant", "id", "subject", "path"}
    assert all(name.startswith("rapport_") and text for name, _, _, text in metrics.described())
