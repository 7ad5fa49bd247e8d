"""What the validator raises."""

from __future__ import annotations

from ...kernel.errors import LMSError


class Problem(Exception):
    """A rule is broken at ``path`` (built up on the way out); ``clause`` names the rule."""

    def __init__(self, clause: str, sentence: str, *path: str | int) -> None:
        super().__init__(sentence)
        self.clause = clause
        self.sentence = sentence
        self.path: list[str | int] = list(path)

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901) to the value; the empty string is the whole statement."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


class BadRequest(LMSError):
    """A request that the specification tells a record store to answer with 400."""

    status, code = 400, "bad-request"


class InvalidStatement(BadRequest):
    """A statement breaks a rule: which one of the batch, where in it, and the clause of the rule."""

    code = "invalid-statement"

    def __init__(self, index: int, pointer: str, clause: str, sentence: str) -> None:
        super().__init__(f"Statement {index}, at {pointer or 'its top'}: {sentence} ({clause})")
        self.index = index
        self.pointer = pointer
        self.clause = clause
        self.sentence = sentence
