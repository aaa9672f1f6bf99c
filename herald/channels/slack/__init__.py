"""Slack: one channel of a workspace, by an app's bot or by an incoming webhook.

``settings``, ``blocks``, ``wire`` and ``finding`` decide and wait for nothing; ``asking`` carries
one request, ``uploads`` brings pictures, ``reading`` looks; ``bot`` and ``webhook`` put them in
order.
"""
