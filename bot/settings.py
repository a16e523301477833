"""Settings, typed, from the environment and `.env`. A feed's own settings come from the feed."""

import os
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from feeds import Feed

SAMPLE = "sample"


class Settings(BaseSettings):
    """What the owner may set; `.env.example` lists each with its comment."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    telegram_bot_token: SecretStr | None = Field(
        None, description="the bot's token from @BotFather; empty opens the local chat page instead"
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="root of the Bot API server, without /bot"
    )
    bellwether_data_dir: Path = Field(Path("data"), description="where everything rests")
    database_url: SecretStr | None = Field(
        None, description="postgresql+psycopg://user:password@host/name; empty is SQLite in the data folder"
    )
    feeds: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="the feeds that are on, separated by spaces; empty: all that have what they need",
    )
    owner_ids: Annotated[tuple[int, ...], NoDecode] = Field(
        (), description="Telegram user ids of the owners, separated by spaces"
    )
    access: Literal["open", "invite", "owner"] = Field(
        "open", description="who may use the bot: open to all, or owner (invite: owners only so far)"
    )
    default_language: Literal["zh-Hant", "zh-Hans", "en"] = Field(
        "en", description="language of chats whose own is not known: zh-Hant, zh-Hans or en"
    )
    default_timezone: str = Field("America/New_York", description="not used yet: times are New York's")
    chat_port: int = Field(8080, ge=1, le=65535, description="port of the local chat page, on 127.0.0.1")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )

    @field_validator("feeds", "owner_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part for part in value.replace(",", " ").split()) if isinstance(value, str) else value

    @property
    def is_sample(self) -> bool:
        """Whether the built-in synthetic market is what plays."""
        return self.feeds == (SAMPLE,)

    @property
    def data_dir(self) -> Path:
        """Where everything rests; the sample market has a folder of its own, so it mixes with nothing."""
        return self.bellwether_data_dir / SAMPLE if self.is_sample else self.bellwether_data_dir

    @property
    def url(self) -> str:
        """The database's URL."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'bellwether.sqlite'}"


def feed_settings(feed: Feed) -> dict[str, str]:
    """The values of a feed's settings: environment first, then `.env`, then the feed's default."""
    file = dotenv_values(".env")
    return {
        setting.name: os.environ.get(setting.name) or file.get(setting.name) or setting.default
        for setting in feed.settings
    }
