"""Every row class, to import from one place: market data, and people with what they were told."""

from storage.market_tables import (
    Bar,
    FeedRead,
    FlowAlert,
    InsiderTrade,
    MarketRow,
    OffExchangeWeek,
    OptionContract,
    OptionDay,
    OptionMinute,
    Pace,
    Quarantine,
    SectorMember,
    ShortVolume,
)
from storage.people_tables import Delivery, FlipRow, JobRun, Person, Rule, SeenUpdate, SignalRow, Watch

__all__ = [
    "Bar",
    "Delivery",
    "FeedRead",
    "FlipRow",
    "FlowAlert",
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
