"""Looking at the mail server: whether it lets us in, and how the way there is protected."""

from __future__ import annotations

from herald.mailing.dns.said import advice, problem, well
from herald.mailing.sending.smtp import SmtpMailer, is_local
from herald.model.account import Finding
from herald.model.mailing import MailServer, RelayTrouble, Tls

_COMPARE = "compare smtp: in config/herald.yaml with what your provider says"


async def examine_relay(server: MailServer) -> tuple[Finding, ...]:
    """Connect to the mail server as for sending, send nothing, and tell what was seen."""
    mailer = SmtpMailer(server)
    try:
        trouble = await mailer.connect()
        protection = mailer.protection
    finally:
        await mailer.close()
    where = f"the mail server {server.host}:{server.port}"
    if isinstance(trouble, RelayTrouble):
        what = f"{where} does not take mail from here: {trouble.why}"
        return (problem(what, remedy_of(trouble.why, server)),)
    if protection or is_local(server.host):
        return (well(f"{where} lets Herald in" + (f" ({protection})" if protection else "")),)
    return (
        well(f"{where} lets Herald in"),
        advice(
            "nothing protects the way to it: others on the way can read mails and the password",
            "set smtp: {tls: starttls} in config/herald.yaml, or {port: 465, tls: tls}",
        ),
    )


def remedy_of(why: str, server: MailServer) -> str:
    """Return what to do about a connection that failed, by the words of the failure."""
    said = why.casefold()
    if "mismatch" in said or "not valid for" in said:
        return (
            f"write the name that stands in the certificate in place of {server.host}, in smtp: "
            "{host: ...} of config/herald.yaml; your provider knows it"
        )
    if "expired" in said:
        return "let those who run the mail server renew its certificate"
    if "certificate" in said:
        return "let those who run the mail server give it a certificate that others trust"
    if "starttls" in said and server.tls is Tls.STARTTLS:
        return "it does not offer STARTTLS: try smtp: {port: 465, tls: tls} in config/herald.yaml"
    if "wrong version number" in said or "record layer" in said:
        return "tls: tls is for port 465; on 25 and 587 it is tls: starttls"
    return _COMPARE


def about_one_click(public_url: str | None) -> Finding:
    """Tell whether mail programs can offer a button for leaving a list (RFC 8058)."""
    if public_url and public_url.lower().startswith("https://"):
        return well("mail programs can offer a button to leave a list")
    return advice(
        "mail programs cannot offer a button to leave a list, which Gmail and Yahoo want of those "
        "who write to many",
        "let the world reach Herald's pages, and say where in config/herald.yaml: web: "
        '{public_url: "https://..."}',
    )
