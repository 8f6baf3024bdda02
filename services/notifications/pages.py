"""The page behind a link in a mail: plain HTML, nothing loaded from elsewhere, no name and no address on it."""

from datetime import date, timedelta
from html import escape

from fastapi.responses import HTMLResponse

from services.notifications.domain.answers import (
    FARTHEST_PLAN,
    LONGEST_BUSY,
    PRIVATE,
    Question,
    earliest,
)

ASKED = {
    Question.MET: "On which day did you meet?",
    Question.PLANNED: "For which day have you planned your next session?",
    Question.BUSY: "Until which day are you busy?",
    Question.HELP: "Ask your coordinator for help? Nobody else will know that you asked.",
    Question.FINISH: "Tell your coordinator that you would like to finish? Nobody else will know.",
}
THANKS = {
    Question.MET: "Thank you. We have noted that you met.",
    Question.PLANNED: "Thank you. Enjoy your session.",
    Question.BUSY: "Thank you. We will not ask before that day.",
    Question.HELP: "Your coordinator will be in touch. Nobody else knows that you asked.",
    Question.FINISH: "Your coordinator will be in touch. Nobody else knows.",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}
STYLE = "body{font:18px/1.5 system-ui,sans-serif;max-width:32em;margin:3em auto}input,button{font:inherit}"


def confirm(
    question: Question, today: date, began: date | None = None, wrong: str | None = None
) -> HTMLResponse:
    """The question with its form; opening it records nothing. `began`: see `refusal`; `wrong`: what to correct."""
    field = ""
    if question not in PRIVATE:
        first, last, shown = _span(question, today, began)
        field = (
            f'<p><input type="date" name="day" required min="{first}" max="{last}" value="{shown}" '
            f'aria-label="{escape(ASKED[question])}"></p>'
        )
    note = f'<p role="alert"><strong>{escape(wrong)}</strong></p>' if wrong else ""
    form = f'<form method="post">{field}<p><button type="submit">Confirm</button></p></form>'
    return _page(f"<h1>{escape(ASKED[question])}</h1>{note}{form}", 422 if wrong else 200)


def thanks(question: Question) -> HTMLResponse:
    """It is recorded; the same page again when the link is used again."""
    return _page(f"<h1>{escape(THANKS[question])}</h1><p>You can close this page.</p>", 200)


def used(day: date) -> HTMLResponse:
    """The link was used for another day. Thanking for a correction that is not taken would hide it."""
    return _page(
        f"<h1>This link was used before, for {day:%d %B %Y}.</h1>"
        "<p>If that was not the day, please use the newest mail, or correct it in Rapport.</p>",
        409,
    )


def closed(reason: str, status: int) -> HTMLResponse:
    """The link does not open."""
    return _page(f"<h1>{escape(reason)}</h1>", status)


def _span(question: Question, today: date, began: date | None) -> tuple[date, date, date]:
    match question:
        case Question.MET:
            return earliest(today, began), today, today
        case Question.PLANNED:
            return today, today + FARTHEST_PLAN, today + timedelta(days=7)
        case _:
            return today + timedelta(days=1), today + LONGEST_BUSY, today + timedelta(days=7)


def _page(body: str, status: int) -> HTMLResponse:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rapport</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, HEADERS)
