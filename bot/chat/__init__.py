"""The local chat page: a small Bot API server and a web page, so that the bot runs with no account."""
