"""What the stages ask of clocks, stores and channels.

A port is shaped by what its caller needs; the docstrings are the contract, and
``tests/contracts/`` runs the same tests on every implementation. Each room's ports have a
module; everybody imports them from here.
"""

from herald.ports.channels import Answered, Channel, Counted, Examined, Linked, Profiled
from herald.ports.clock import Clock, MachineClock
from herald.ports.echoes import EchoStore
from herald.ports.feeds import FeedStore, WebSubStore
from herald.ports.joining import JoiningStore
from herald.ports.mailing import ArchiveStore, MailingStore
from herald.ports.media import Cards, CardStore, MediaStore, Pictures
from herald.ports.notices import NoticeStore
from herald.ports.outbox import OutboxStore
from herald.ports.planning import PlannerStore
from herald.ports.preferences import PreferenceStore

__all__ = [
    "Answered",
    "ArchiveStore",
    "CardStore",
    "Cards",
    "Channel",
    "Clock",
    "Counted",
    "EchoStore",
    "Examined",
    "FeedStore",
    "JoiningStore",
    "Linked",
    "MachineClock",
    "MailingStore",
    "MediaStore",
    "NoticeStore",
    "OutboxStore",
    "Pictures",
    "PlannerStore",
    "PreferenceStore",
    "Profiled",
    "WebSubStore",
]
