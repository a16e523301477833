"""No secret reaches a log line, whatever is logged and however."""

import io
import logging

from bot.logs import Redacting

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz_01234"


def test_tokens_and_secrets_are_hidden_in_messages_arguments_and_tracebacks() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Redacting(["s3cret-key", ""]))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.info("GET https://api.telegram.org/bot%s/getMe with %s", TOKEN, "s3cret-key")
    try:
        raise RuntimeError(f"The token `{TOKEN}` was rejected")
    except RuntimeError:
        logger.exception("failed")
    text = stream.getvalue()
    assert TOKEN not in text
    assert "s3cret-key" not in text
    assert text.count("•••") == 3
    assert "Traceback" in text
