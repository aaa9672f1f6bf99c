"""Mastodon, and every server that speaks its API (GoToSocial, Hollo, Takahe, snac, Pixelfed …).

``wire``, ``limits``, ``likeness`` and ``answer`` decide and wait for nothing; ``reading`` (the one
home of Mastodon.py) and ``posting`` ask the server; ``look_up`` and ``channel`` put them in order.
"""
