"""Mastodon, and every server that speaks its API (GoToSocial, Hollo, Takahe, snac, Pixelfed …).

``wire``, ``actions``, ``limits``, ``likeness``, ``answered`` and ``examining`` decide and wait for
nothing; ``reading`` (the one home of Mastodon.py) and ``posting`` ask the server; ``look_up``,
``acting`` and ``channel`` put them in order.
"""
