"""How a kernel is put together from settings."""

import pytest

from tests.support import echo


@pytest.mark.parametrize(("seconds", "milliseconds"), [(None, echo.FAST.session_timeout_ms), (5.0, 5_000)])
async def test_the_time_after_which_a_replica_counts_as_gone_is_a_setting(seconds, milliseconds):
    settings = echo.EchoSettings(profile="embedded", kafka_session_seconds=seconds)
    kernel = echo.kernel(settings)
    try:
        assert kernel.subscriber.limits.session_timeout_ms == milliseconds
        assert kernel.subscriber.limits.work_lease == echo.FAST.work_lease
    finally:
        await kernel.mongo.close()
