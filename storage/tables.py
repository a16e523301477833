"""Every row class, to import from one place: market data, and people with what they were told."""

from storage.company_tables import CompanyFigure
from storage.estimate_tables import CompanyEps, IndexEps
from storage.fact_tables import Entity, Fact
from storage.market_tables import (
    Bar,
    FlowAlert,
    InsiderTrade,
    MarketRow,
    OffExchangeWeek,
    OptionContract,
    OptionDay,
    OptionMinute,
    SectorMember,
    ShortVolume,
)
from storage.people_tables import Delivery, Draft, FlipRow, JobRun, Person, Rule, SeenUpdate, SignalRow, Watch
from storage.reading_tables import FeedRead, Pace, Quarantine

__all__ = [
    "Bar",
    "CompanyEps",
    "CompanyFigure",
    "Delivery",
    "Draft",
    "Entity",
    "Fact",
    "FeedRead",
    "FlipRow",
    "FlowAlert",
    "IndexEps",
    "InsiderTrade",
    "JobRun",
    "MarketRow",
    "OffExchangeWeek",
    "OptionContract",
    "OptionDay",
    "OptionMinute",
    "Pace",
    "Person",
    "Quarantine",
    "Rule",
    "SectorMember",
    "SeenUpdate",
    "ShortVolume",
    "SignalRow",
    "Watch",
]
