"""The folder's files, as far as they concern this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from herald.model.configuration import MailingList
from herald.model.ids import ListId
from herald.settings import Settings, read_settings
from herald.sources.load import Loaded, Loader
from herald.turn import Role, Turn


class Files:
    """Reads campaigns and configuration; a broken file keeps its last good value."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        loader: Loader,
        turn: Turn,
        is_shared: bool,
    ) -> None:
        """Read *folder*; *is_shared* says that the store is one of many processes."""
        self.folder = folder
        self.settings = settings
        """As they were at the start."""
        self._loader = loader
        self._turn = turn
        self._is_shared = is_shared

    @property
    def reads_campaigns(self) -> bool:
        """Tell whether campaigns/ concerns this process; a command's, where the folder has it."""
        if self._turn.role is Role.FOLLOWS:
            return False
        return not self._is_shared or (self.folder / "campaigns").is_dir()

    async def load(self) -> Loaded:
        """Read campaigns and configuration; where other processes plan, configuration alone."""
        if self.reads_campaigns:
            return await self.load_all()
        return await asyncio.to_thread(self._loader.load_configuration)

    async def load_all(self) -> Loaded:
        """Read campaigns and configuration, whoever plans."""
        return await asyncio.to_thread(self._loader.load)

    def settings_now(self) -> Settings:
        """Return the settings as the file has them now; those of the start while it is broken."""
        return read_settings(self.folder)[0] or self.settings

    def lists(self) -> Mapping[ListId, MailingList]:
        """Return the mailing lists as the files have them now."""
        return self._loader.load_configuration().configuration.lists

    def list_senders(self) -> tuple[str, ...]:
        """Return the addresses from which lists are written, each once."""
        return tuple(dict.fromkeys(each.sender_address for each in self.lists().values()))
