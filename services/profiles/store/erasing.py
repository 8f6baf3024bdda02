"""Erasure of one person from everything profiles keeps."""

from services.profiles.domain.people import Contact, Person
from services.profiles.store.main import Store
from shared.delivery import Stored, Transaction


async def erase_person(
    store: Store, tx: Transaction, person: Stored[Person], contact: Stored[Contact]
) -> None:
    """Enrollments, names, profile and every number; a number that meant others too keeps only those.

    Reports of this person lose their manager by work of their own: there may be thousands.
    """
    for enrollment in await store.enrollments_of_person(tx, person.id):
        await store.enrollments.erase(tx, enrollment)
    for link in await store.links_of(tx, person.id):
        others = tuple(spell for spell in link.state.spells if spell.participant != person.id)
        if others:
            await store.links.save(tx, link, link.state.model_copy(update={"spells": others}))
        else:
            await store.links.erase(tx, link)
    await store.contacts.erase(tx, contact)
    await store.people.erase(tx, person)
    tx.wake("manager-gone", person.id)
