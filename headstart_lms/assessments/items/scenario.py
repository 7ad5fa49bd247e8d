"""A situation with choices that lead on: one step at a time, with and without JavaScript.

The form carries the path so far in hidden fields ``response-<step id>``. While the response is not
``complete``, the page shows ``form(tokens, response)``: what the choice led to, and the next step. Only the
complete path is graded, so nothing is kept on the server in between.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...courses.parts import Id, Part
from ...courses.words import Words
from ...kernel.errors import Invalid
from ...kernel.i18n import _
from .base import (
    Choice,
    Field,
    Form,
    Grade,
    ItemType,
    Response,
    Solution,
    SolutionLine,
    Tokens,
    Values,
    check_unique,
    letters,
    read_one,
    refuse_others,
    split_lines,
)
from .lexicon import Lexicon


class ScenarioChoice(Part):
    """``points``: 0 harmful, 1 so-so, 2 good. ``result`` is what happens; without ``next`` the story ends."""

    id: Id
    text: Words
    points: Annotated[int, Spec(ge=0, le=2)]
    result: Words | None = None
    next: Id | None = None


class ScenarioStep(Part):
    id: Id
    text: Words
    choices: Annotated[tuple[ScenarioChoice, ...], Spec(min_length=2, max_length=5)]

    @field_validator("choices")
    @classmethod
    def _check(cls, choices: tuple[ScenarioChoice, ...]) -> tuple[ScenarioChoice, ...]:
        check_unique((c.id for c in choices), "choices")
        return choices


class Scenario(ItemType):
    """Score: the points of the path, divided by the points of the best path."""

    interaction: ClassVar[str] = "performance"
    template: ClassVar[str] = "scenario"

    type: Literal["scenario"]
    start: Id
    steps: Annotated[tuple[ScenarioStep, ...], Spec(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        steps = {step.id: step for step in self.steps}
        check_unique((step.id for step in self.steps), "steps")
        if self.start not in steps:
            raise PydanticCustomError(
                "scenario", "There is no step '{name}' to start with.", {"name": self.start}
            )
        for step in self.steps:
            for choice in step.choices:
                if choice.next is not None and choice.next not in steps:
                    raise PydanticCustomError(
                        "scenario",
                        "Step '{step}', choice '{choice}' leads to '{next}', which does not exist.",
                        {"step": step.id, "choice": choice.id, "next": choice.next},
                    )
        reached = self._check_no_circle(steps)
        if lost := [name for name in steps if name not in reached]:
            raise PydanticCustomError("scenario", "No choice leads to the step '{name}'.", {"name": lost[0]})
        if self._best()[0] == 0:
            raise PydanticCustomError("scenario", "No path has a point; at least one choice is worth 1 or 2.")
        return self

    def _check_no_circle(self, steps: dict[str, ScenarioStep]) -> set[str]:
        """Walk all paths from the start; return the steps reached, raise when a path comes back to a step."""
        done: set[str] = set()

        def walk(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                raise PydanticCustomError(
                    "scenario", "The steps lead in a circle through '{name}'.", {"name": name}
                )
            if name in done:
                return
            for choice in steps[name].choices:
                if choice.next:
                    walk(choice.next, (*path, name))
            done.add(name)

        walk(self.start, ())
        return done

    def _step(self, name: str) -> ScenarioStep:
        return next(step for step in self.steps if step.id == name)

    def _best(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Return the most points a path can have, and that path as (step, choice) ids."""

        @cache
        def best(name: str) -> tuple[int, tuple[tuple[str, str], ...]]:
            ways = []
            for choice in self._step(name).choices:
                points, rest = best(choice.next) if choice.next else (0, ())
                ways.append((choice.points + points, ((name, choice.id), *rest)))
            return max(ways, key=lambda way: way[0])

        return best(self.start)

    def _walk(
        self, path: dict[str, str]
    ) -> tuple[list[tuple[ScenarioStep, ScenarioChoice]], ScenarioStep | None]:
        """Follow a path from the start; return what was chosen, and the step that is still open."""
        taken: list[tuple[ScenarioStep, ScenarioChoice]] = []
        name: str | None = self.start
        while name is not None and name in path:
            step = self._step(name)
            choice = next(c for c in step.choices if c.id == path[step.id])
            taken.append((step, choice))
            name = choice.next
        return taken, self._step(name) if name else None

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        taken, step = self._walk(dict(so_far["path"]) if so_far else {})
        if step is None:  # the story is told: its last step, for a page that shows the answer again
            step, _last = taken.pop()
        hidden = tuple(
            Field(f"response-{s.id}", "hidden", value=tokens.token(self.id, f"{s.id}/{c.id}"))
            for s, c in taken
        )
        choices = letters(
            Choice(tokens.token(self.id, f"{step.id}/{c.id}"), text=c.text)
            for c in tokens.shuffled(self.id, step.choices, step.id)
        )
        return self._form(
            fields=(*hidden, Field(f"response-{step.id}", "radio", choices)),
            statement=split_lines(step.text),
            consequence=split_lines(taken[-1][1].result) if taken else (),
        )

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        """Read the path: ``{"path": {step id: choice id}, "complete": bool}``."""
        refuse_others(values, [f"response-{step.id}" for step in self.steps])
        path: dict[str, str] = {}
        name: str | None = self.start
        while name is not None and any(v.strip() for v in values.get(f"response-{name}", ())):
            step = self._step(name)
            value = read_one(values, f"response-{name}", _("Choose what you do first."))
            found = tokens.resolve(self.id, value, (f"{name}/{c.id}" for c in step.choices))
            path[name] = found.partition("/")[2]
            name = next(c.next for c in step.choices if c.id == path[step.id])
        if not path:
            raise Invalid(_("Choose what you do first."))
        return {"path": path, "complete": name is None}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        """Grade a complete path; ValueError when it is not complete."""
        taken, open_step = self._walk(response["path"])
        if open_step is not None:
            raise ValueError(f"{self.id}: the path ends before the step {open_step.id}")
        points = sum(choice.points for _step, choice in taken)
        return Grade(
            score=points / self._best()[0],
            parts={step.id: choice.points == max(c.points for c in step.choices) for step, choice in taken},
            notes=tuple(choice.result for _step, choice in taken if choice.result),
        )

    def solution(self) -> Solution:
        lines = []
        for name, chosen in self._best()[1]:
            step = self._step(name)
            text = next(c.text for c in step.choices if c.id == chosen)
            lines.append(SolutionLine(label=step.text, texts=(text,), part=name))
        return Solution(tuple(lines), is_ordered=True)

    def xapi_response(self, response: Response) -> str | None:
        return "[,]".join(f"{step.id}[.]{choice.id}" for step, choice in self._walk(response["path"])[0])
