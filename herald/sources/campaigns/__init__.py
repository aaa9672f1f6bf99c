"""Campaign files: YAML in, campaigns or problems out."""
