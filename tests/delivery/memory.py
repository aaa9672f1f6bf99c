"""The outbox in memory, with what its channels can carry."""

from herald.model.delivery import Delivery
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from tests.fakes import outbox


class MemoryOutbox(outbox.MemoryOutbox):
    """An outbox whose channels' limits are stored already."""

    def __init__(self, *rows: Delivery, limits: dict[str, Capabilities]) -> None:
        super().__init__(*rows)
        self._capabilities = {ChannelId(name): limit for name, limit in limits.items()}
