"""Which adapter reads a side: one table a side, chosen by `HOSO_CITY_ADAPTER` and `HOSO_PORTAL_ADAPTER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from schemas.codes import Side
from settings import Settings
from tasks.sources.files import CityFiles, PortalFiles
from tasks.sources.igate import IGate
from tasks.sources.opencps import OpenCps
from tasks.sources.paged import PagedCity
from tasks.sources.portal import Portal
from tasks.sources.protocol import CitySource, PortalSource, Source
from tasks.sources.replica import Replica

CITY: Final[Mapping[str, Callable[[Settings], CitySource]]] = {
    "opencps": OpenCps,
    "igate": IGate,
    "paged": PagedCity,
    "replica": Replica,
    "files": CityFiles,
}
PORTAL: Final[Mapping[str, Callable[[Settings], PortalSource]]] = {"mapi": Portal, "files": PortalFiles}


def city_source(settings: Settings) -> CitySource:
    return CITY[settings.city_adapter](settings)


def portal_source(settings: Settings) -> PortalSource:
    return PORTAL[settings.portal_adapter](settings)


def source_of(side: Side, settings: Settings) -> Source:
    """A new client of one side."""
    return city_source(settings) if side is Side.CITY else portal_source(settings)
