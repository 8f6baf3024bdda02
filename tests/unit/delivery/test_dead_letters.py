"""Whose a dead letter is, as far as its key tells."""

import pytest

from shared.delivery import Projection
from shared.delivery.dead_letters import _organization
from shared.delivery.kernel import Kernel
from shared.settings import Settings
from tests.support import echo


@pytest.mark.parametrize(
    ("key", "organization"),
    [(b"acme/x", "acme"), (b"nobody", "unknown"), (b"/x", "unknown"), (b"", "unknown"), (None, "unknown")],
)
def test_a_key_without_an_organization_belongs_to_nobody(key, organization):
    assert _organization(key) == organization


def test_a_service_without_a_dead_letter_topic_is_refused_at_the_start():
    with pytest.raises(ValueError, match="SERVICES"):
        Kernel("nameless", Settings(profile="embedded"), projections=[Projection(echo.participants)])
