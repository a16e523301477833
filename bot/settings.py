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

    telegram_bot_token: SecretStr | None = None
    #: root of the Bot API server, without `/bot`
    telegram_api_url: str = "https://api.telegram.org"
    bellwether_data_dir: Path = Path("data")
    database_url: SecretStr | None = None
    feeds: Annotated[tuple[str, ...], NoDecode] = ()
    owner_ids: Annotated[tuple[int, ...], NoDecode] = ()
    access: Literal["open", "invite", "owner"] = "open"
    default_language: Literal["zh-Hant", "zh-Hans", "en"] = "en"
    default_timezone: str = "America/New_York"
    chat_port: int = Field(default=8080, ge=1, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

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
