"""What feeds of every format are written in: bytes, markup, dates, names, licences."""
