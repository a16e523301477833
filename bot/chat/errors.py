"""What the Bot API says when it refuses: a code and a sentence."""


class Refused(Exception):
    """A request that is turned down, worded as the real server words it."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def bad_request(reason: str) -> Refused:
    """The request itself is wrong: asking again changes nothing."""
    return Refused(400, f"Bad Request: {reason}")
