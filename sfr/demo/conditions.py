"""Knows the behaviours that let another one answer, unless the request breaks a rule of the house."""

from __future__ import annotations

from dataclasses import dataclass

from sfr.demo import pages
from sfr.demo.exchange import Behaviour, Exchange
from sfr.demo.exports import Csv
from sfr.demo.refusals import SessionExpired

_REPORT = Csv()


@dataclass(frozen=True, slots=True)
class Throttle(Behaviour):
    """Refuses what comes while `parallel` other reports are already being answered by this org."""

    parallel: int = 2
    status: int = 503
    retry_after_seconds: int | None = None
    then: Behaviour = _REPORT

    def answer(self, exchange: Exchange) -> None:
        if exchange.running <= self.parallel:
            self.then.answer(exchange)
            return
        after = self.retry_after_seconds
        exchange.page(self.status, pages.too_many(), [] if after is None else [("Retry-After", str(after))])


@dataclass(frozen=True, slots=True)
class TwoCredentials(Behaviour):
    """400 when an Authorization header comes along with the cookie."""

    then: Behaviour = _REPORT

    def answer(self, exchange: Exchange) -> None:
        if "authorization" in exchange.request.headers:
            exchange.page(400, pages.two_credentials())
        else:
            self.then.answer(exchange)


@dataclass(frozen=True, slots=True)
class IpLock(Behaviour):
    """Sessions are bound to an address: from another one (by X-Forwarded-For) a good session looks expired."""

    address: str
    then: Behaviour = _REPORT

    def answer(self, exchange: Exchange) -> None:
        here = exchange.request.headers.get("x-forwarded-for", "")
        behaviour = self.then if here == self.address else SessionExpired()
        behaviour.answer(exchange)


@dataclass(frozen=True, slots=True)
class HardWindow(Behaviour):
    """The connection is dropped `seconds` after the request, at whatever stage; the real window is 15 minutes."""

    seconds: float
    then: Behaviour = _REPORT

    def answer(self, exchange: Exchange) -> None:
        exchange.drop_after(self.seconds)
        self.then.answer(exchange)
