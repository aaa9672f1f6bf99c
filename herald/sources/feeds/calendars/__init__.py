"""iCalendar: events, series, zones."""
