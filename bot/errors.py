"""What ends a call of the program."""


class CannotError(Exception):
    """The call could not be carried out; the message is one sentence a person can act on."""
