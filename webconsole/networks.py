"""The network of a person for their page: who lives there, who is near, what services go there."""

from sqlalchemy.orm import Session

from registry import households, people
from registry.access import Actor
from registry.network import Near, Tie
from registry.people import Person
from webconsole.person_words import PLACES
from webconsole.words import Words


def around(session: Session, person: Person, me: Actor, words: Words) -> list[Near]:
    """Household and near people; files that the asker may not know of are not linked."""
    found = [
        Near(
            name=other.name or words.say("without a name"),
            tie=Tie.HOUSEHOLD,
            relation=words.of(PLACES, stay.place),
            person_id=other.id,
        )
        for stay, other in households.together(session, person.id, me)
        if other.id != person.id
    ]
    linked = {near.other_id for near in person.near if near.other_id}
    known = {each.id for each in people.known(session, linked, me)} if linked else set()
    found += [
        Near(
            name=near.name,
            tie=Tie.FORMAL if near.formal else Tie.INFORMAL,
            relation=near.relation,
            caregiver=near.caregiver,
            holds_keys=near.holds_keys,
            person_id=near.other_id if near.other_id in known else None,
        )
        for near in person.near
    ]
    return found
