"""Every row class, to import from one place: market data, and people with what they were told."""

from storage.market_tables import (
    Bar,
    FeedRead,
    FlowAlert,
    InsiderTrade,
    MarketRow,
    OptionDay,
    Pace,
    Quarantine,
    SectorMember,
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
    "OptionDay",
    "Pace",
    "Person",
    "Quarantine",
    "Rule",
    "SectorMember",
    "SeenUpdate",
    "SignalRow",
    "Watch",
]
