"""How it reaches people: the outbox, the limiter, and the only caller of `send_*`.

To change how an error of Telegram's is answered: one row in `errors.py`, one branch in `sender.py`.
"""

import os

# the library hands out waits as timedelta when asked, and warns at each 429 until it is
os.environ.setdefault("PTB_TIMEDELTA", "1")
