"""Every way a run can fail, once.

::

    HosoError
    ├── ConfigError              a setting is missing, unknown or contradictory
    ├── SourceError              a side could not be read; the window's cases stay unknown
    │   ├── TransportError       no answer after all retries: connection, time-out, 5xx
    │   ├── AccessRefused        the login or the session was refused
    │   ├── SourceRefused        the source understood the call and said no
    │   ├── MalformedPage        an answer that is not the JSON it should be
    │   ├── UnsafeAnswer         another host, an untrusted certificate, more bytes than allowed
    │   ├── MissingField         a page without a field that the contract requires, on every row
    │   ├── SourceDrifted        another record format than agreed, in a field whose policy says stop
    │   └── CountMismatch        the rows read are not as many as the source says it has
    ├── DataError                the data contradict themselves
    │   ├── ConservationBroken   in != loaded + unchanged + duplicate + quarantined
    │   ├── QuarantineFlood      so many rows are bad that the source, not the rows, must be at fault
    │   └── CanonicalMismatch    hashes of two canonical versions meet
    ├── LandingError             the landing zone could not be read or written
    └── WarehouseError
        └── WarehouseLocked      another process holds the warehouse

Messages name sides, windows, fields, counts and case codes; never a name, an identity number or a phone number.
"""

from __future__ import annotations


class HosoError(Exception):
    """Root of everything this project raises on purpose."""


class ConfigError(HosoError):
    """A setting is missing, unknown or contradictory."""


class SourceError(HosoError):
    """A side could not be read."""

    def __init__(self, side: str, message: str, *, window: str | None = None) -> None:
        where = f"{side} {window}" if window else side
        super().__init__(f"{where}: {message}")
        self.reason = message
        self.side = side
        self.window = window


class TransportError(SourceError):
    """No usable answer after all retries."""


class AccessRefused(SourceError):
    """The login or the session was refused."""


class SourceRefused(SourceError):
    """The source understood the call and said no."""


class MalformedPage(SourceError):
    """The answer is not the JSON it should be."""


class UnsafeAnswer(SourceError):
    """An answer that must not be taken: another host, an untrusted certificate, or more bytes than allowed."""


class SourceDrifted(SourceError):
    """The record format changed in a field whose drift policy says stop."""


class MissingField(SourceError):
    """A whole page lacks a field that the contract requires."""


class CountMismatch(SourceError):
    """The rows read are not as many as the source says it has."""


class DataError(HosoError):
    """The data contradict themselves."""


class ConservationBroken(DataError):
    """Rows in are not rows loaded, unchanged, duplicate and quarantined together."""


class QuarantineFlood(DataError):
    """More rows are bad than bad rows can explain."""


class CanonicalMismatch(DataError):
    """Hashes of two canonical versions would be compared."""


class LandingError(HosoError):
    """The landing zone could not be read or written."""


class WarehouseError(HosoError):
    """The warehouse refused or could not be reached."""


class WarehouseLocked(WarehouseError):
    """Another process holds the warehouse."""
