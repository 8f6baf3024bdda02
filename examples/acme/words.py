"""What the people of ACME are made of: names as people really have them, sites, trades, skills, goals."""

from dataclasses import dataclass

# fmt: off
GIVEN = (
    "Zoë", "José", "Łukasz", "Anaïs", "Søren", "Siobhán", "Nguyễn", "Ana", "Çelik", "Jürgen", "Mária", "François",
    "Åsa", "Renée", "Dmitri", "Ines", "Noor", "Priya", "Kenji", "Aiko", "Chloé", "Mateo", "Lucía", "Björn",
    "Agnieszka", "Gül", "Tomáš", "Élodie", "Óscar", "Freya", "Amara", "Kwame", "Leila", "Rohan", "Sunita", "Yuki",
    "Haruto", "Thiago", "Beatriz", "Camila", "Oliver", "Emma", "Grace", "Henry", "Ruth", "Walter", "Irene",
    "Paolo", "Giulia", "Marek", "Katarzyna", "Hannah", "Felix",
)

FAMILY = (
    "O'Brien", "Núñez", "D'Angelo", "Müller-Lüdtke", "Kowalska", "García", "Schäfer", "Łuczak", "Nguyen",
    "Sørensen", "Fernández", "Özdemir", "Dvořák", "Lefèvre", "Håkansson", "Böhm", "Tanaka", "Suzuki", "Sharma",
    "Iyer", "Oliveira", "Gonçalves", "Smith", "Johnson", "Taylor", "MacDonald", "Rossi", "Bianchi", "Okafor",
    "Mensah", "Haddad", "Cohen", "Petrov", "Novák", "Wójcik", "Dubois", "Moreau", "Keller", "Weiß", "Castro",
    "Ruiz", "Nakamura", "Sato", "Rao",
)
# fmt: on
MIDDLE = ('"Shiv"', '"Ned"', "de la", "van der", '"JJ"', "da")


@dataclass(frozen=True)
class Site:
    country: str
    region: str
    zone: str
    languages: tuple[str, ...]
    locale: str
    share: int


SITES = (
    Site("FR", "", "Europe/Paris", ("fr", "en"), "fr-FR", 18),
    Site("DE", "BE", "Europe/Berlin", ("de", "en"), "de-DE", 16),
    Site("GB", "ENG", "Europe/London", ("en",), "en-GB", 14),
    Site("ES", "MD", "Europe/Madrid", ("es", "en"), "es-ES", 10),
    Site("PL", "", "Europe/Warsaw", ("pl", "en"), "pl-PL", 8),
    Site("US", "NY", "America/New_York", ("en",), "en-US", 16),
    Site("US", "CA", "America/Los_Angeles", ("en", "es"), "en-US", 6),
    Site("CA", "QC", "America/Toronto", ("fr", "en"), "fr-CA", 6),
    Site("BR", "SP", "America/Sao_Paulo", ("pt", "en"), "pt-BR", 4),
    Site("IN", "KA", "Asia/Kolkata", ("en", "hi"), "en-IN", 8),
)

DEPARTMENTS: dict[str, tuple[str, ...]] = {
    "Engineering": ("python", "architecture", "testing", "data modeling", "code review", "cloud"),
    "Finance": ("budgeting", "controlling", "excel", "forecasting", "audit", "data modeling"),
    "Sales": ("negotiation", "presentation", "key accounts", "networking", "forecasting"),
    "Marketing": ("writing", "branding", "analytics", "presentation", "networking"),
    "People": ("interviewing", "coaching", "conflict resolution", "labor law", "writing"),
    "Operations": ("logistics", "lean", "planning", "supplier management", "negotiation"),
    "Research": ("statistics", "experiment design", "writing", "python", "analytics"),
}
COMMON = ("leadership", "public speaking", "project management", "delegation", "feedback", "time management")

VALUES = ("honesty", "growth", "care", "freedom", "craft", "fairness", "courage", "humor")
STYLES = ("directive", "collaborative", "motivating", "sponsoring")
SUPPORTS = ("career", "psychosocial", "work_life_balance", "networks")

GOALS = (
    "lead a team", "change field", "speak in public", "grow a network", "balance work and life",
    "prepare a promotion", "work abroad", "give better feedback", "plan a career",
)  # fmt: skip

HOURS = (
    "mon 09:00-11:00", "mon 16:00-18:00", "tue 10:00-12:00", "tue 15:00-17:00", "wed 09:00-12:00",
    "wed 13:00-15:00", "thu 10:00-12:00", "thu 16:00-18:00", "fri 09:00-11:00", "fri 13:00-15:00",
)  # fmt: skip
