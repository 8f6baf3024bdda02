"""The assembled service, as far as it can be seen without a cluster."""

import pytest

from services.notifications.app import build
from services.notifications.settings import Settings
from services.notifications.store import kept_assessment, kept_health
from shared.contracts.assessments import Assessment, Reason
from shared.contracts.health import Component, Health
from shared.http.testing import unscoped
from shared.settings import SettingsError, load


def test_every_route_asks_for_a_role_but_the_links_of_mails(tmp_path) -> None:
    app = build(Settings(profile="embedded", data_dir=tmp_path)).app
    assert unscoped(app) == []


def test_the_key_of_the_links_outlives_a_restart(tmp_path) -> None:
    first = Settings(profile="embedded", data_dir=tmp_path).signing_key()
    assert Settings(profile="embedded", data_dir=tmp_path).signing_key() == first
    assert [path.name for path in tmp_path.iterdir()] == ["answers.key"]
    assert (tmp_path / "answers.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", [None, "too short"])
def test_production_refuses_to_start_without_a_key_of_its_own(key) -> None:
    given = {"profile": "production", "issuer": "https://id.example", "jwks_url": "https://id.example/keys"}
    with pytest.raises(SettingsError, match="RAPPORT_ANSWER_KEY"):
        load(Settings, **given, answer_key=key)


def test_what_is_kept_of_health_and_assessments_holds_no_score() -> None:
    health = Health(
        id="p",
        program="q",
        cohort="c",
        score=12,
        band="failing",
        cadence_days=14,
        components=(Component(name="connection", value=3),),
    )
    assert not {"score", "band", "confidence", "components", "evidence"} & set(kept_health(health))
    reasons = (
        Reason(code="skills", sentence="Both like R.", shared=True),
        Reason(code="gap", sentence="Hidden."),
    )
    kept = kept_assessment(Assessment(id="p", program="q", cohort="c", score=5, reasons=reasons))
    assert kept == {"reasons": ["Both like R."], "failing": [], "rematch_refused": None}
