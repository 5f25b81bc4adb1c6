"""Knows the web pages and JSON texts of the org and of the boxes in front of it, markers spelled as the vendor does."""

from __future__ import annotations

import json
from html import escape

_DOCTYPE = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n<html>\n'
)


def _page(title: str, body: str, head: str = "") -> str:
    return f"{_DOCTYPE}<head><title>{title}</title>{head}</head>\n<body>\n{body}\n</body>\n</html>\n"


def script_redirect(url: str) -> str:
    """The 200 page that leads elsewhere by script, as sent instead of a report when the session is dead."""
    return (
        f'{_DOCTYPE}<head>\n    <meta HTTP-EQUIV="PRAGMA" CONTENT="NO-CACHE">\n<script>\n'
        "function redirectOnLoad() {\n"
        "if (this.SfdcApp && this.SfdcApp.projectOneNavigator) "
        f"{{ SfdcApp.projectOneNavigator.handleRedirect('{url}'); }}  else \n"
        f"if (window.location.replace){{ \nwindow.location.replace('{url}');\n"
        f"}} else {{\nwindow.location.href ='{url}';\n}} \n}} \nredirectOnLoad();\n"
        "</script>\n</head>\n</html>\n"
        '<script type="text/javascript">function bodyOnLoad(){}function bodyOnUnload(){}</script>\n'
    )


def old_script_redirect(url: str) -> str:
    """The older form of `script_redirect`, without a function around it."""
    return (
        f'{_DOCTYPE}<head>\n    <meta HTTP-EQUIV="PRAGMA" CONTENT="NO-CACHE">\n<script>\n'
        "if (this.SfdcApp && this.SfdcApp.projectOneNavigator) "
        f"{{ SfdcApp.projectOneNavigator.handleRedirect('{url}'); }}  else \n"
        f"if (window.location.replace){{ \nwindow.location.replace('{url}');\n"
        f"}} else {{;\nwindow.location.href ='{url}';\n}} \n"
        "</script>\n</head>\n</html>\n"
    )


def login(action: str, start: str, message: str = "") -> str:
    """The login form; it posts to `action` and keeps `start`, the path the visitor wanted."""
    return _page(
        "Login | Salesforce",
        f'<div id="error" class="loginError">{escape(message)}</div>\n'
        f'<form name="login" method="post" id="login_form" action="{escape(action)}">\n'
        f'<input type="hidden" name="startURL" value="{escape(start)}">\n'
        '<label for="username">Username</label>'
        '<input class="input" type="email" id="username" name="username" autocomplete="username">\n'
        '<label for="password">Password</label>'
        '<input class="input" type="password" id="password" name="pw" autocomplete="off">\n'
        '<input class="button primary" type="submit" id="Login" name="Login" value="Log In">\n'
        "</form>",
    )


def saml_form(target: str) -> str:
    """A page of a single sign-on provider that submits itself."""
    return _page(
        "Signing in",
        f'<form method="post" action="{escape(target)}">'
        '<input type="hidden" name="SAMLRequest" value="ZGVtbyByZXF1ZXN0">'
        '<input type="hidden" name="RelayState" value="demo"><noscript><input type="submit"></noscript></form>\n'
        "<script>document.forms[0].submit();</script>",
    )


def verification() -> str:
    """Where the org asks for a code from a phone or mailbox."""
    return _page(
        "Verify Your Identity | Salesforce",
        "<h2>Verify Your Identity</h2>\n"
        '<form method="post" action="/_ui/identity/verification/policy/VerificationStartUi">'
        '<input type="text" name="smc" id="smc"><input type="submit" id="save" value="Verify"></form>',
    )


def not_found() -> str:
    """About two kilobytes, as measured on the real page."""
    styles = "\n".join(f".page{number} td {{ padding: {number}px; font-family: Arial; }}" for number in range(26))
    return _page(
        "URL No Longer Exists",
        '<table class="page0"><tr><td><span style="font-weight:bold">URL No Longer Exists</span></td></tr>\n'
        "<tr><td>You have attempted to reach a URL that no longer exists on salesforce.com.<br>\n<ul>"
        "<li>Check the address for typing errors.</li><li>Update the bookmark you came from.</li></ul>"
        "</td></tr></table>",
        f"<style>\n{styles}\n</style>",
    )


def data_not_available() -> str:
    """Deleted, not allowed, or the org has a bad moment: the page says the same for all."""
    return _page(
        "Data Not Available",
        '<div id="errorTitle">Data Not Available</div>'
        '<div id="errorDesc">The data you were trying to access could not be found. It may be due to another user '
        "deleting the data or a system error. If you know the data is not deleted but cannot access it, "
        "please look at our support page.</div>",
    )


def insufficient_privileges() -> str:
    """The visitor may not see this."""
    return _page(
        "Insufficient Privileges",
        '<span class="title">Insufficient Privileges</span>\n<table><tr><td>You do not have the level of access '
        "necessary to perform the operation you requested. Please contact the owner of the record or your "
        "administrator if access is necessary.</td></tr></table>",
    )


def unexpected_error() -> str:
    """The generic error page, as after a report that ran too long."""
    return _page(
        "Error",
        "<p>An unexpected error occurred. Please include the ErrorId if you contact support.</p>\n"
        "<p>ErrorId: 1234567890-12345 (-987654321)</p>",
    )


def gateway(status: int, reason: str) -> str:
    """What a load balancer says when nobody behind it answers."""
    return (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body><h1>{status} {reason}</h1></body>\r\n</html>"
    )


def maintenance() -> str:
    """The org is down for a while."""
    return _page(
        "Down for Maintenance",
        "<h1>We are down for maintenance.</h1><p>Sorry for the inconvenience. We will be back shortly.</p>",
    )


def too_many() -> str:
    """More at once than the server wants."""
    return _page("Too Many Requests", "<p>Too many exports are running. Please wait and try again.</p>")


def two_credentials() -> str:
    """Cookie and Authorization in one request."""
    return _page("Bad Request", "<p>The request carries more than one session.</p>")


def home() -> str:
    """What somebody with a session sees."""
    return _page("Home | Salesforce", '<div id="phHeader">Welcome</div>')


def captive_portal() -> str:
    """The wireless network of a hotel, which has never heard of reports."""
    return (
        "<!doctype html><html><head><title>Guest network</title></head><body><h1>Welcome, guest</h1>"
        '<form action="/accept"><button>Accept the terms of use</button></form></body></html>'
    )


def cloud_proxy() -> str:
    """A company proxy that leads the browser to its own twin of the host by script."""
    return (
        '<html><head><script>window.location.href="https://example.my.salesforce.com.mcas.ms/aad_login";</script>'
        "</head><body>Access is monitored</body></html>"
    )


def rest_error(code: str, message: str) -> str:
    """The list of one error that every REST resource answers with."""
    return json.dumps([{"message": message, "errorCode": code}])
