"""The eleven kinds of blocks (docs/content-format.md), each as a teacher fills it in."""

from __future__ import annotations

from ...kernel.i18n import _l
from .fields import Checks, Choice, EntryLines, Text, facts, languages, media
from .parts import PartForm
from .rows import Rows, example_line, text_line, turn_line

FACTS = Checks(
    key="facts", label=_l("Facts this depends on"), offer=facts, more=True,
    hint=_l("Amounts, deadlines, offices, numbers. When a fact is over, what depends on it is checked."),
)  # fmt: skip
NO_MEDIA = _l("none")


def _markdown(key: str = "text", lines: int = 10) -> Text:
    return Text(
        key=key, label=_l("Text"), lines=lines, markdown=True,
        hint=_l("Short sentences, one thought each. Headings start with ##. Mark words of the language you teach."),
        example="## At the counter\n\nAsk for the [permesso di soggiorno]{it}.",
    )  # fmt: skip


BLOCKS: tuple[PartForm, ...] = (
    PartForm(
        kind="text", of="block", label=_l("Text"), description=_l("Paragraphs, lists, tables, links."),
        icon="document", specs=(_markdown(), FACTS),
    ),
    PartForm(
        kind="dialogue", of="block", label=_l("Dialogue"),
        description=_l("People talk; each line can have its sound."),
        icon="person",
        specs=(
            Text(key="title", label=_l("Where and when"), example="At the bus stop"),
            Rows(
                key="turns", label=_l("Lines of the dialogue"), row_label=_l("Line"), ids="t", quick=turn_line,
                taught=("text",),
                quick_label=_l("More lines"),
                quick_hint=_l("One a line: who speaks, a colon, what is said, = what it means. "
                              "Example: Amina: Buongiorno! = Good morning!"),
                fields=(
                    Text(key="speaker", label=_l("Who speaks"), language="none", example="Amina"),
                    Text(key="text", label=_l("What is said"), language="taught", example="Buongiorno!"),
                    Text(key="gloss", label=_l("What it means"), example="Good morning!"),
                    Choice(key="audio", label=_l("Sound"), offer=media("audio"), none=NO_MEDIA, more=True),
                ),
            ),
            FACTS,
        ),
    ),
    PartForm(
        kind="vocabulary", of="block", label=_l("Words"),
        description=_l("Words of the course, with sound and picture."),
        icon="language",
        specs=(
            EntryLines(
                key="entries", label=_l("Words, one a line"),
                hint=_l("Write them as they stand in the list of words of the course."), example="la farmacia\ngrazie",
            ),
            FACTS,
        ),
    ),
    PartForm(
        kind="grammar", of="block", label=_l("Grammar"), description=_l("One small rule, with examples."), icon="info",
        specs=(
            Text(key="title", label=_l("Title"), example="To be: sono, sei, è"),
            _markdown(lines=5),
            Rows(
                key="examples", label=_l("Examples"), row_label=_l("Example"), ids="x", quick=example_line,
                taught=("text",), quick_label=_l("More examples"),
                quick_hint=_l("One a line: the sentence = what it means. Example: Sono Amina. = I am Amina."),
                fields=(
                    Text(key="text", label=_l("Sentence"), language="taught", example="Sono Amina."),
                    Text(key="gloss", label=_l("What it means"), example="I am Amina."),
                ),
            ),
            FACTS,
        ),
    ),
    PartForm(
        kind="picture", of="block", label=_l("Picture"), description=_l("One picture with a line under it."),
        icon="camera",
        specs=(
            Choice(key="media", label=_l("Picture"), offer=media("picture"), none=_l("Choose a picture")),
            Text(key="caption", label=_l("Line under the picture"), example="A pharmacy has a green cross."),
            FACTS,
        ),
    ),
    PartForm(
        kind="audio", of="block", label=_l("Sound"), description=_l("Something to listen to."), icon="play",
        specs=(
            Choice(key="media", label=_l("Sound"), offer=media("audio"), none=_l("Choose a sound")),
            Text(key="title", label=_l("Title"), example="At the station"),
            FACTS,
        ),
    ),
    PartForm(
        kind="video", of="block", label=_l("Film"), description=_l("Something to watch."), icon="play",
        specs=(
            Choice(key="media", label=_l("Film"), offer=media("video"), none=_l("Choose a film")),
            Text(key="title", label=_l("Title"), example="How to buy a ticket"),
            FACTS,
        ),
    ),
    PartForm(
        kind="checklist", of="block", label=_l("Checklist"),
        description=_l("Things to do or to take along, one by one."),
        icon="right",
        specs=(
            Text(key="title", label=_l("Title"), example="Before you go to the office"),
            Rows(
                key="steps", label=_l("Steps"), row_label=_l("Step"), ids="s", quick=text_line,
                quick_label=_l("More steps"), quick_hint=_l("One a line. Example: Take your passport and four photos."),
                fields=(Text(key="text", label=_l("Step"), example="Take your passport and four photos."),),
            ),
            FACTS,
        ),
    ),
    PartForm(
        kind="fact", of="block", label=_l("Fact"),
        description=_l("A rule, an amount, an office: with its source and date."),
        icon="note",
        specs=(
            Choice(
                key="fact", label=_l("Fact"), offer=facts, none=_l("Choose a fact"),
                hint=_l("Facts of the course are made and changed on their own page."),
            ),
            FACTS,
        ),
    ),
    PartForm(
        kind="scenario", of="block", label=_l("Story"), description=_l("A short story with people in it."),
        icon="person",
        specs=(
            Text(key="title", label=_l("Title"), example="Amina at the office"),
            _markdown(lines=6),
            Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=NO_MEDIA),
            FACTS,
        ),
    ),
    PartForm(
        kind="link", of="block", label=_l("Link"), description=_l("A page elsewhere that helps."), icon="out",
        specs=(
            Text(key="url", label=_l("Address"), language="none", example="https://www.portaleimmigrazione.it/"),
            Text(key="text", label=_l("What is there"), example="The list of post offices that take your papers"),
            Choice(key="language", label=_l("Language of the page"), offer=languages, none=None, default="taught"),
            FACTS,
        ),
    ),
    PartForm(
        kind="items", of="block", label=_l("Questions"),
        description=_l("One or more questions about what stands above."),
        icon="test",
        specs=(
            Text(key="intro", label=_l("Before the questions"), lines=2, more=True,
                 example="Read the sign again. Then answer."),
            FACTS,
        ),
        empty=lambda course: {"items": []},
    ),
)  # fmt: skip
