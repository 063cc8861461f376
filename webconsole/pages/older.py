"""Where a long page goes on: the word of the address that all share, and what it may be."""

from typing import Annotated

from fastapi import Query

OLDEST_LINE = 2**63 - 1
OLDEST_NUMBER = 2**31 - 1

# A line of the journal, or the number of a case or request.
Line = Annotated[int | None, Query(alias="prima", ge=0, le=OLDEST_LINE)]
Number = Annotated[int | None, Query(alias="prima", ge=0, le=OLDEST_NUMBER)]
