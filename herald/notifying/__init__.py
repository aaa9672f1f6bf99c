"""Telling officers what needs them: by mail, in a Matrix room, at a webhook."""
