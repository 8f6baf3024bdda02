"""`profiles.contacts`: names and addresses, for whoever writes to people and nobody else."""

from shared.contracts.common import Contract, Id


class Contact(Contract):
    """How to address a person; the id is the participant's."""

    id: Id
    given_name: str
    family_name: str
    email: str | None = None
    locale: str | None = None


TYPES = {
    "contact.added": "A name or address is known for the first time.",
    "contact.changed": "A name, address or locale changed.",
}
