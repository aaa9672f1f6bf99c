"""WordPress as a place to publish: posts on a site's own pages, over its REST API.

``page`` and ``wire`` decide and wait for nothing; ``site`` finds the API and asks it; ``channel``
puts it in order; ``examining`` looks at the account.
"""
