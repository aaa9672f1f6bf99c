"""The whole path of a partner's feed under fire: bytes in, posts and pages out."""
