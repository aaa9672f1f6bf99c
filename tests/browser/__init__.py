"""What a browser makes of Herald's pages."""
