"""What can go wrong with Herald's surroundings; expected trouble is a value, never one of these."""


class HeraldError(Exception):
    """Something Herald needs is not there; the message says what and what to do."""


class StoreUnusable(HeraldError):
    """The store cannot be read or written: mend its folder, disk or address, then start again."""


class StoreTaken(HeraldError):
    """Another Herald runs on this store: stop that one first."""


class StoreTooNew(HeraldError):
    """A newer Herald wrote this store: install that version or a later one."""


class StoreMoved(HeraldError):
    """The network was moved to another store: name that one in config/herald.yaml."""


class NotItsTurn(HeraldError):
    """Another Herald plans by now: nothing was changed, and nothing need be done."""


class TaskDied(HeraldError):
    """A part of Herald has ended by itself: it is started anew as a whole, by whoever runs it."""


class MediaMissing(HeraldError):
    """A picture's bytes are not in the store: plan again while the file is there."""


class PictureUnusable(HeraldError):
    """A picture cannot be made into one that its network takes; says why, for an editor."""


class ChannelUnreachable(HeraldError):
    """A network did not answer: what was stored last holds until it does."""


class ConfigurationBroken(HeraldError):
    """The files under config/ cannot be used: run ``herald check`` and mend what it shows."""
