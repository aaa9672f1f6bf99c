"""The hundred services that the library Apprise knows, as a last resort.

Apprise gives back no id and tells a refusal from a lost answer nowhere: what it does not confirm is
left to a person.
"""
