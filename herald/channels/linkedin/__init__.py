"""LinkedIn pages, over the versioned Posts API.

``post``, ``likeness`` and ``wire`` decide and wait for nothing; ``rest`` asks as the account,
``pictures`` uploads, ``reading`` reads the page's posts back; ``channel`` puts it in order.
"""
