"""Which feeds are on, each with its settings, and who hears when one of them is down."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import CannotError
from bot.registry import all_feeds
from bot.settings import SAMPLE, Settings, feed_settings
from feeds import Feed
from feeds._http import Http

log = logging.getLogger("bellwether")


@dataclass(frozen=True)
class Sources:
    """The feeds that are on and the client they share."""

    http: Http
    feeds: Sequence[Feed] = ()
    #: each feed's settings by its name
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: the Telegram ids of the owners, and the language of one who never wrote
    owners: Sequence[int] = ()
    language: str = "en"


def live(settings: Settings, http: Http) -> Sources:
    """What a running bot reads: the feeds named in FEEDS, or else every one whose needs are set.

    Raises CannotError for a name that is no feed, and for the sample beside others.
    """
    unknown = [name for name in settings.feeds if name not in all_feeds()]
    if unknown:
        raise CannotError(f"FEEDS names {', '.join(unknown)}; there are {', '.join(all_feeds())}")
    if SAMPLE in settings.feeds:
        raise CannotError("FEEDS names sample beside others: the synthetic market plays alone")
    chosen, values = [], {}
    for feed in all_feeds().values():
        wanted = feed.name in settings.feeds or (not settings.feeds and feed.name != SAMPLE)
        if feed.fetch is None or not wanted:
            continue
        own = feed_settings(feed)
        missing = [name for name in feed.needs if not own.get(name)]
        if missing:
            log.info("feed      %s is off: %s is not set", feed.name, ", ".join(missing))
            continue
        chosen.append(feed)
        values[feed.name] = own
    return Sources(http, chosen, values, settings.owner_ids, settings.default_language)
