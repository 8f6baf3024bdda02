"""Public holidays by country and region, from the `holidays` package."""

from dataclasses import dataclass
from functools import lru_cache

import holidays


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives: an ISO 3166-1 country code and, where known, an ISO 3166-2 subdivision code.

    The subdivision may be written with its country ("DE-BY") or without ("BY").
    """

    country: str
    region: str | None = None


@lru_cache(maxsize=4096)
def public_holidays(place: Place, year: int) -> tuple[int, ...]:
    """Proleptic ordinals of the public holidays of one place in one year, ascending.

    A country that is not known has none, and a region that is not known has its country's: a typing error in
    an HR export must not stop the clock of a pair, nor fail the decision about it.
    """
    country = place.country.strip().upper()
    region = (place.region or "").strip().upper().removeprefix(f"{country}-") or None
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        return ()
    found = holidays.country_holidays(
        country, subdiv=region if region in known[country] else None, years=[year]
    )
    return tuple(sorted(day.toordinal() for day in found if day.year == year))
