"""The files under config/: YAML in, configuration or problems out."""
