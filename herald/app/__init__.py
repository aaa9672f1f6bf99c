"""The composition root: builds everything from settings and joins the stages.

    async with open_app(folder, clock) as app:
        await app.replan()

``opening`` opens a folder; ``app`` is the one object that commands and the daemon use. It joins
what ``files`` reads, what ``looking`` plans and ``replanning`` writes, and ``newsletters``.
"""

from herald.app.app import REPLAN_WHILE_POLLING, App
from herald.app.looking import REMEMBER_ENTRIES
from herald.app.opening import open_app

__all__ = ["REMEMBER_ENTRIES", "REPLAN_WHILE_POLLING", "App", "open_app"]
