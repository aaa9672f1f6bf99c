"""What comes in: campaign files, configuration and partner feeds, turned into values."""
