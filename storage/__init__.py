"""Where market data rests: tables, the tape, frames of both, the journal of what was said.

To add a new kind of row: a class in `tables.py` and a migration; feeds and indicators name the class.
"""
