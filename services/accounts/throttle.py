"""The rate limits of accounts."""

from typing import Final

from limits import parse

# a town hall or an embassy is many people behind one address
TOKENS_OF_CALLER: Final = parse("300/minute")
TOKENS_OF_ACCOUNT: Final = parse("60/minute")
FAILURES_OF_CALLER: Final = parse("100/5 minutes")
FAILURES_OF_ACCOUNT: Final = parse("10/5 minutes")
REGISTRATIONS_OF_CALLER: Final = parse("20/hour")
REGISTRATIONS_OF_ADDRESS: Final = parse("5/hour")
