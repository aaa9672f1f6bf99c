"""Reading Postfix's log: which copies it took.

    log = MailLog(wanted, zone=zone, near=now)
    for line in lines: log.take(line)
    log.told()

Line by line, however long the log is.  A log is written by many hands, some of them strangers':
only what stands at the place where Postfix itself writes counts.
"""
