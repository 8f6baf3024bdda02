"""The pairs of `rapport match` as a file that a spreadsheet opens."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

HEADER = ("mentee", "mentee_name", "mentor", "mentor_name", "score", "rank", "possible", "why")


def check_place(out: str) -> None:
    """Raises ClickException where the file cannot be written: said before the work, not after it."""
    place = Path(out)
    if not os.access(place if place.exists() else place.absolute().parent, os.W_OK):
        raise click.ClickException(f"{out} cannot be written; name another place with --out")


def write(out: str, pairs: Sequence[Mapping[str, Any]]) -> None:
    """One row a pair, its reasons in one cell. With a mark: without it Excel takes 'Zoë' for 'ZoÃ«'."""
    with Path(out).open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(HEADER)
        for pair in pairs:
            why = "; ".join([*(term["sentence"] for term in pair["terms"]), pair["rank_sentence"]])
            writer.writerow([_plain(pair.get(name, why)) for name in HEADER])


def _plain(cell: Any) -> Any:
    """A spreadsheet runs cells that begin like a formula: those get an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
