"""The words: one function per message, from names and shared facts, short, plain and kind.

Nothing in here knows a score, a band, an answer or a request; what a letter may say is what both could see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notifications.domain.answers import Question

SOMEONE = "your partner"
AUTOMATIC = "automatic"
"""Detail of a recommended rematch that needs no word."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and a plain text."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """What a message may say. Names are looked up when it is sent; `links` are the reader's own.

    `cause` of the pair's case and whether the two were `asked` in it are for coordinators; `answer_by` is in the
    reader's own time zone.
    """

    kind: str
    reader: str
    partner: str = SOMEONE
    program: str = "your mentoring program"
    role: str = "mentee"
    details: tuple[str, ...] = ()
    last_held: date | None = None
    reasons: tuple[str, ...] = ()
    links: Mapping[Question, str] = field(default_factory=dict)
    pair: str = ""
    members: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    case_url: str = ""
    tasks_url: str = ""
    cause: str = ""
    asked: bool = False
    answer_by: datetime | None = None


TAPS = {
    Question.MET: "We met on …",
    Question.PLANNED: "We have planned it for …",
    Question.BUSY: "I am busy until …",
    Question.HELP: "I need help (only your coordinator sees this)",
    Question.FINISH: "I would like to finish (only your coordinator sees this)",
}

NUDGES = {
    "nudge.not_meeting": "It has been a while since your last session with {partner}.",
    "nudge.nothing_planned": "You and {partner} have no first session planned yet.",
    "nudge.no_goals": "You and {partner} have not written down a goal yet. One sentence is enough to start.",
    "nudge.cancellations": "Some of your last sessions with {partner} did not take place. A shorter or a "
    "rarer meeting that happens is worth more than a long one that does not.",
}
OTHER_NUDGE = "There is something to look at together with {partner}."


def compose(about: About) -> Letter:
    """The letter of one message. An unknown kind (an older row, a newer one) gets the plain reminder."""
    subject, body = _body(about)
    return Letter(subject, f"Hello {about.reader},\n\n{body}\n\nKind regards\n{about.program}\n")


def digest(reader: str, program: str, letters: Sequence[tuple[About, Letter]]) -> Letter:
    """Several messages as one, because nobody should get more than a few a week."""
    parts = [f"{number}. {_body(about)[1]}" for number, (about, _) in enumerate(letters, start=1)]
    text = "\n\n".join(parts)
    count = "One thing" if len(parts) == 1 else f"{len(parts)} things"
    return Letter(
        f"{count} in your mentoring programs",
        f"Hello {reader},\n\nwe gathered this so that you do not get too much mail from us.\n\n{text}"
        f"\n\nKind regards\n{program}\n",
    )


def taps(links: Mapping[Question, str]) -> str:
    """The links, one tap each."""
    return "\n".join(f"- {TAPS[question]}\n  {links[question]}" for question in TAPS if question in links)


def _body(about: About) -> tuple[str, str]:
    write = _WRITERS.get(about.kind, _nudge)
    subject, paragraphs = write(about)
    return subject, "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _since(about: About) -> str:
    if about.last_held is None:
        return f"As far as we know, you and {about.partner} have not met yet."
    return f"As far as we know, you and {about.partner} last met on {about.last_held:%d %B %Y}."


def _ask(about: About) -> tuple[str, list[str]]:
    return f"You and {about.partner}: is a next session planned?", [
        f"{_since(about)} If that is not so, one tap puts it right:",
        taps(about.links),
        "If life is full, say so: a break is fine, and better than silence.",
    ]


def _reset(about: About) -> tuple[str, list[str]]:
    met = about.last_held is not None
    talk = (
        "what went well (bring an example each), what got in the way, whether your goals still fit"
        if met
        else "what you hope for, what has got in the way so far"
    )
    return f"A {'fresh' if met else 'first'} start with {about.partner}", [
        f"{_since(about)} It happens in the best of pairs. What helps is one short conversation in which you "
        f"are both open about it: {talk}, and how often you really want to meet.",
        f"We have sent the same words to {about.partner}. A time that suits you both is all it takes:",
        taps(about.links),
    ]


def _lines(title: str, lines: Sequence[str]) -> str:
    return f"{title}\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


CAUSES = {"failing_commitment": "have met less often than they agreed"}


def _coordinator(about: About) -> tuple[str, list[str]]:
    return f"A pair needs you: {' and '.join(about.members)}", [
        f"{' and '.join(about.members)} {CAUSES.get(about.cause, 'have not been meeting')}"
        + (", and our messages to them did not change it." if about.asked else "."),
        _lines("What happened:", about.history),
        _lines("What you can do:", about.suggestions),
        f"The case: {about.case_url}" if about.case_url else "",
    ]


def _rematch(about: About) -> tuple[str, list[str]]:
    automatic = AUTOMATIC in about.details
    said = (
        "Both are offered somebody new at the program's next time for changes."
        if automatic
        else "We recommend to offer both somebody new."
    )
    return f"Rematch {'under way' if automatic else 'recommended'}: {' and '.join(about.members)}", [
        f"{' and '.join(about.members)} have not found a way to meet as they agreed. {said} It is nobody's "
        "fault, and it will be told that way.",
        _lines("What happened:", about.history),
        _lines("What you can do:", about.suggestions),
        "Your program does this without a further word."
        if automatic
        else "Nothing happens without your word.",
        f"The case: {about.case_url}" if about.case_url else "",
    ]


def _nudge(about: About) -> tuple[str, list[str]]:
    said = [
        NUDGES.get(kind, OTHER_NUDGE).format(partner=about.partner)
        for kind in about.details or ("nudge.not_meeting",)
    ]
    return f"A small reminder about you and {about.partner}", [*said, taps(about.links)]


def _until(about: About) -> str:
    return f" by {about.answer_by:%d %B %Y, %H:%M} (your time)" if about.answer_by else ""


def _proposal(about: About) -> tuple[str, list[str]]:
    return f"{about.program} has found somebody for you", [
        f"We would like to introduce you to {about.partner}.",
        _lines("Why we think it fits:", about.reasons),
        f"Please accept or decline in Rapport{_until(about)}. If it is not right, say so: you will be offered "
        "somebody else, and nobody needs a reason.",
    ]


def _welcome(about: About) -> tuple[str, list[str]]:
    return f"You and {about.partner} are a pair", [
        f"You and {about.partner} are a mentoring pair now. Good that you do this.",
        _lines("What you share:", about.reasons),
        "For the first session: tell each other how you got here, what you hope for, and agree when and how "
        "often you meet.",
    ]


def _ended(about: About) -> tuple[str, list[str]]:
    if "completed" in about.details:
        return f"You and {about.partner} have completed your time together", [
            f"Your time as a pair with {about.partner} is complete. Thank you for it. You may want to say "
            "good-bye in a last conversation: what you took from it, and what comes next.",
        ]
    partner = about.partner if about.partner != SOMEONE else SOMEONE.capitalize()
    return f"{partner} is no longer available", [
        f"{partner} is no longer available in this program. That is nobody's fault.",
        "If you would like somebody new, you need not do anything: we are looking already.",
    ]


def _word(about: About) -> tuple[str, list[str]]:
    return "Somebody asks for a word in confidence", [
        f"One of {' and '.join(about.members)} has asked for you. Please look at your tasks before you write: "
        "they say who, and for what. Do not tell the other that anybody asked.",
        f"Your tasks: {about.tasks_url}" if about.tasks_url else "",
    ]


_WRITERS = {
    "rung.owing": _ask,
    "rung.both": _reset,
    "rung.coordinator": _coordinator,
    "rung.rematch": _rematch,
    "nudge": _nudge,
    "proposal": _proposal,
    "welcome": _welcome,
    "ended": _ended,
    "word": _word,
}

ANSWERABLE = {
    "rung.owing": tuple(Question),
    "rung.both": tuple(Question),
    "nudge": (Question.MET, Question.PLANNED, Question.BUSY),
}
"""Which messages carry one-tap links, and which ones."""
