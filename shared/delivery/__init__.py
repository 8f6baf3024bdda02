"""Exactly-once effects: facts in, decisions, events out. A service author registers pure functions here."""

from shared.delivery.aggregates import Aggregates as Aggregates
from shared.delivery.aggregates import Stored as Stored
from shared.delivery.copies import Copies as Copies
from shared.delivery.copies import Copy as Copy
from shared.delivery.failure import Conflict as Conflict
from shared.delivery.failure import Unavailable as Unavailable
from shared.delivery.kernel import Kernel as Kernel
from shared.delivery.model import Change as Change
from shared.delivery.model import Effect as Effect
from shared.delivery.model import EffectRow as EffectRow
from shared.delivery.model import Fanout as Fanout
from shared.delivery.model import Index as Index
from shared.delivery.model import Limits as Limits
from shared.delivery.model import Projection as Projection
from shared.delivery.model import Wake as Wake
from shared.delivery.model import Work as Work
from shared.delivery.transaction import Reader as Reader
from shared.delivery.transaction import Transaction as Transaction
from shared.delivery.transaction import View as View
