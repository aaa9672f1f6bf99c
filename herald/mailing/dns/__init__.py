"""What the DNS says of those who write: whether receivers can believe that a mail is theirs."""
