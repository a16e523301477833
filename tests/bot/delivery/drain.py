"""A process that empties an outbox, to be killed."""

import asyncio

from stage import drained, hurried, sending

from storage.database import connect


def main(database: str, telegram: str) -> None:
    async def work() -> None:
        async with sending(connect(database), telegram, hurried()) as sender:
            await drained(sender)

    asyncio.run(work())
