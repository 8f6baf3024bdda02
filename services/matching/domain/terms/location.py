"""Location: how near the two are: at one site, in one region, in one country, or none of it."""

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.terms import classed

Place = tuple[str | None, str | None, str | None]

COUNTRY = 0.4
REGION = 0.7
SITE = 1.0


def key(person: Person) -> Place:
    """(country, region, site). A region may carry its country (CA-QC) or not (QC)."""
    country = person.country.casefold() if person.country else None
    region = person.region.casefold() if person.region else None
    if region and "-" in region:
        before, _, region = region.partition("-")
        country = country or before
    return country, region, person.site.strip().casefold() if person.site else None


def share(mentee: Place, mentor: Place) -> float | None:
    """Site 1, region 0.7, country 0.4, else 0; where one of the two did not say more, halfway to what it may be."""
    country, region, site = (
        None if one is None or other is None else one == other
        for one, other in zip(mentee, mentor, strict=True)
    )
    if site:
        return SITE
    if country is None:
        return None
    if not country:
        return 0.0
    most = REGION if site is False else SITE
    if region is None:
        return (COUNTRY + most) / 2
    return (REGION + most) / 2 if region else COUNTRY


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    one, other = key(mentee), key(mentor)
    if one[2] and one[2] == other[2]:
        return f"The same place: {mentee.site}"
    if one[0] is None or one[0] != other[0]:
        return None
    return "The same region" if one[1] and one[1] == other[1] else "The same country"


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    return told(mentee, mentor, pool) or "Another country"


TERM = classed(
    "location", mentee=key, mentor=key, share=share, sentence=sentence, told=told, asks="where you work"
)
