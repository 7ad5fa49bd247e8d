from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headstart_lms.assessments.items.lexicon import Lexicon
from headstart_lms.assessments.marking import Mark, mark, word_share
from headstart_lms.assessments.marking_diff import diff, distance, letters_of
from headstart_lms.assessments.marking_text import plain
from headstart_lms.assessments.marking_values import numbers, phone_digits, same_date, same_number

ITALIAN = Lexicon.from_words(
    "it",
    [
        "perché",
        "però",
        "pero",
        "la farmacia",
        "grazie",
        "chiamo",
        "è",
        "e",
        "casa",
        "l'acqua",
        "vedo",
        "si",
        "sì",
    ],
    nouns=["farmacia", "casa", "acqua", "pero"],
)
GERMAN = Lexicon.from_words(
    "de", ["schon", "schön", "das Brot", "Straße", "ich heiße", "kommt"], nouns=["Brot"]
)


def italian(given: str, *answers: str) -> Mark:
    return mark(given, answers, language="it", words=ITALIAN)


def german(given: str, *answers: str) -> Mark:
    return mark(given, answers, language="de", words=GERMAN)


@pytest.mark.parametrize(
    "typed, answer",
    [
        ("  grazie ", "grazie"),
        ("Grazie!", "grazie"),
        ("GRAZIE...", "grazie"),
        ("«grazie»", "grazie"),
        ("'grazie'", "grazie"),
        ("l’acqua", "l'acqua"),
        ("l' acqua", "l'acqua"),
        ("Sì grazie", "Sì, grazie!"),
        ("\u202egrazie\u202c", "grazie"),
        ("gra\u200bzie", "grazie"),
        ("perche\u0301", "perché"),
        ("Ho ٣٠ anni", "Ho 30 anni."),
        ("Ho ۳۰ anni", "Ho 30 anni."),
        ("¿grazie?", "grazie"),
    ],
)
def test_what_never_counts_costs_nothing(typed: str, answer: str) -> None:
    result = italian(typed, answer)
    assert (result.meaning, result.form, result.remarks) == (1.0, 1.0, ())


@pytest.mark.parametrize(
    "typed, answer, remark",
    [
        ("perche", "perché", "accent"),
        ("perche'", "perché", "accent"),
        ("perche`", "perché", "accent"),
        ("perchè", "perché", "accent"),
        ("e'", "è", "accent"),
        ("La farmacia e' chiusa", "La farmacia è chiusa", "accent"),
        ("farmcia", "farmacia", "typo"),
        ("grazzie", "grazie", "typo"),
        ("garzie", "grazie", "typo"),
        ("farmacia", "la farmacia", "article-missing"),
        ("il farmacia", "la farmacia", "article-wrong"),
        ("la farmacia", "farmacia", "article-extra"),
        ("una farmacia", "la farmacia", "article-wrong"),
        ("lacqua", "l'acqua", "spacing"),
        ("l acqua", "l'acqua", "spacing"),
    ],
)
def test_a_named_slip_is_right_in_meaning_and_less_in_form(typed: str, answer: str, remark: str) -> None:
    result = italian(typed, answer)
    assert result.remarks == (remark,)
    assert result.meaning == 1.0
    assert 0.5 < result.form < 1.0


@pytest.mark.parametrize(
    "typed, answer, remark",
    [
        ("schoen", "schön", "keyboard"),
        ("Strasse", "Straße", "keyboard"),
        ("ich heisse", "ich heiße", "keyboard"),
        ("brot", "Brot", "capital"),
        ("das brot", "das Brot", "capital"),
        ("Brot", "das Brot", "article-missing"),
    ],
)
def test_german_has_its_own_slips(typed: str, answer: str, remark: str) -> None:
    result = german(typed, answer)
    assert (result.meaning, result.remarks) == (1.0, (remark,))
    assert result.form < 1.0


def test_a_small_letter_at_the_beginning_of_a_german_sentence_is_no_slip() -> None:
    assert german("ich heiße Brot", "Ich heiße Brot").form == 1.0


@pytest.mark.parametrize(
    "typed, answer",
    [("pero", "però"), ("però", "pero"), ("e", "è"), ("è", "e"), ("si", "sì"), ("casa", "cassa")],
)
def test_another_word_of_the_course_is_never_accepted(typed: str, answer: str) -> None:
    assert italian(typed, answer).meaning == 0.0


def test_schon_is_not_schoen() -> None:
    assert german("schon", "schön").meaning == german("schön", "schon").meaning == 0.0
    assert german("schon", "schön").remarks == ("another-word",)


@pytest.mark.parametrize(
    "typed, answer",
    [
        ("chiama", "chiamo"),  # the ending is grammar
        ("aperto", "aperta"),
        ("farmacie", "farmacia"),
        ("case", "cose"),  # too short for a typo
        ("frmcia", "farmacia"),  # two letters
        ("farmcia chiusaa", "farmacia chiusa"),
        ("il", "la"),  # nothing but an article
        ("vedo", "la vedo"),  # before a verb it is a pronoun
        ("Non capisco", "Capisco"),
        ("12345", "12845"),
        ("", "grazie"),
        ("...", "grazie"),
    ],
)
def test_what_says_something_else_is_not_accepted(typed: str, answer: str) -> None:
    assert italian(typed, answer).meaning == 0.0


def test_the_ending_is_named() -> None:
    assert italian("chiama", "chiamo").remarks == ("ending",)


def test_word_order_is_half_right() -> None:
    result = italian("Amina mi chiamo", "Mi chiamo Amina")
    assert (result.meaning, result.remarks) == (0.5, ("word-order",))


def test_the_best_answer_counts() -> None:
    assert italian("grazie mille", "grazie", "grazie mille").form == 1.0
    assert italian("perche", "però", "perché").expected == "perché"


def test_names_take_no_other_letter() -> None:
    assert mark("Hadad", ["Haddad"], language="it", typos=False).meaning == 0.0
    assert mark("HADDAD", ["Haddad"], language="it", typos=False).form == 1.0


@pytest.mark.parametrize(
    "typed, answer",
    [
        ("مُدَرِّس", "مدرس"),
        ("مـدرس", "مدرس"),
        ("أحمد", "احمد"),
        ("علی", "علي"),
        ("کتاب", "كتاب"),
        ("مدرس؟", "مدرس"),
    ],
)
def test_arabic_letters_are_compared_in_one_form(typed: str, answer: str) -> None:
    assert mark(typed, [answer], language="ar").form == 1.0


def test_turkish_has_two_kinds_of_i() -> None:
    assert mark("IŞIK", ["ışık"], language="tr").form == 1.0
    assert mark("İYİ", ["iyi"], language="tr").form == 1.0


# --- laws --------------------------------------------------------------------------------------

WORD = st.text(alphabet="abcdefghilmnopqrstuvzàèéìòù", min_size=1, max_size=10)
SENTENCE = st.lists(WORD, min_size=1, max_size=5).map(" ".join)


@given(st.text(max_size=60))
def test_plain_is_stable(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(
    SENTENCE, st.sampled_from(["NFC", "NFD", "NFKC"]), st.sampled_from(["", " ", "  \u00a0"]), st.booleans()
)
def test_spaces_case_quotes_and_unicode_forms_change_no_mark(
    answer: str, form: str, space: str, upper: bool
) -> None:
    typed = answer.upper() if upper else answer
    typed = unicodedata.normalize(form, typed)  # type: ignore[arg-type]
    for variant in (typed, space + typed.replace(" ", "  ") + space, f"“{typed}”", f"{typed}.", f"{typed} !"):
        result = mark(variant, [answer], language="it", words=ITALIAN)
        assert (result.meaning, result.form) == (1.0, 1.0)


@pytest.mark.parametrize("language", ["it", "de", None])
def test_a_big_i_of_a_turkish_keyboard_is_an_i(language: str | None) -> None:
    assert mark("İzmir", ["Izmir"], language=language, words=Lexicon(language)).meaning == 1.0


@given(WORD, WORD, st.sampled_from(["it", "de", "fr", "hu", None]))
def test_two_words_of_the_course_are_never_taken_for_each_other(a: str, b: str, language: str | None) -> None:
    assume(plain(a) != plain(b))
    words = Lexicon.from_words(language, [a, b])
    assert mark(a, [b], language=language, words=words).meaning == 0.0


@given(SENTENCE, SENTENCE)
def test_form_is_full_only_for_what_is_written_the_same(typed: str, answer: str) -> None:
    result = mark(typed, [answer], language="it")
    assert 0.0 <= result.form <= result.meaning <= 1.0
    if result.form == 1.0:
        assert plain(typed) == plain(answer)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_difference_contains_both_texts(a: str, b: str) -> None:
    runs = diff(a, b)
    assert "".join(run.expected for run in runs) == unicodedata.normalize("NFC", "".join(letters_of(a)))
    assert "".join(run.given for run in runs) == unicodedata.normalize("NFC", "".join(letters_of(b)))
    assert all(run.expected == run.given for run in runs if run.kind == "same")
    assert (diff(a, a) == ()) == (a == "")


@given(WORD, WORD)
def test_distance_is_symmetric_and_zero_only_for_equals(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)


def test_the_difference_names_the_letters() -> None:
    runs = [(run.kind, run.expected, run.given) for run in diff("perché", "perchè")]
    assert runs == [("same", "perch", "perch"), ("wrong", "é", "è")]
    assert [run.kind for run in diff("farmacia", "farmcia")] == ["same", "missing", "same"]
    assert [run.kind for run in diff("grazie", "grazzie")] in (["same", "extra", "same"],)
    assert distance("garzie", "grazie") == 1
    assert italian("bello", "grazie").difference == ()  # letter by letter helps nobody here


def test_dictation_counts_words_in_their_order() -> None:
    assert word_share("come ti chiami", "Come ti chiami?", "it") == 1.0
    assert word_share("come chiami", "Come ti chiami?", "it") == pytest.approx(2 / 3)
    assert word_share("chiami ti come", "Come ti chiami?", "it") == pytest.approx(1 / 3)


# --- numbers, dates, phones --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, value",
    [
        ("3,5", 3.5), ("3.50", 3.5), ("€ 3,50", 3.5), ("3,50 euro", 3.5), ("٣٫٥", 3.5), ("۳٫۵", 3.5),
        ("٣", 3.0),
        ("-4", -4.0), ("−4", -4.0), ("1.200", 1200.0), ("1,200", 1.2), ("1 200,50", 1200.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5), ("1'200", 1200.0), ("1.234.567", 1234567.0), ("30 Tage", 30.0), ("０７", 7.0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert same_number(text, value)


@pytest.mark.parametrize("text", ["", "tre", "3 or 4", "1/2", "8:30", "1,2,3", "1.2.3,4.5"])
def test_what_is_no_single_number_has_no_reading(text: str) -> None:
    assert numbers(text) == ()


@given(st.integers(min_value=0, max_value=10**9))
def test_a_number_with_thousands_is_itself(value: int) -> None:
    assert same_number(f"{value:,}", value)
    assert same_number(f"{value:,}".replace(",", "."), value)
    assert same_number(f"{value:,}".replace(",", " "), value)


def test_tolerance_is_kept() -> None:
    assert same_number("3,6", 3.5, 0.1)
    assert not same_number("3,61", 3.5, 0.1)


@pytest.mark.parametrize(
    "text",
    ["3.5.1994", "03/05/1994", "3-5-1994", "3 5 1994", "1994-05-03", "3 maggio 1994", "3 Maggio 1994",
     "3 mag 1994", "il 3 maggio 1994", "3 May 1994", "May 3, 1994", "٣/٥/١٩٩٤", "3. 5. 1994"],
)  # fmt: skip
def test_dates_are_read_day_first_and_with_names_of_months(text: str) -> None:
    assert same_date(text, date(1994, 5, 3), "it") == (True, True)


def test_a_short_year_is_right_but_named_and_a_wrong_date_is_wrong() -> None:
    assert same_date("3/5/94", date(1994, 5, 3), "it") == (True, False)
    assert not same_date("5/3/1994", date(1994, 5, 3), "it")[0]
    assert not same_date("maggio", date(1994, 5, 3), "it")[0]
    assert not same_date("3 maggiore 1994", date(1994, 5, 3), "it")[0]


def test_phones_are_compared_by_digits() -> None:
    assert phone_digits("+39 333 555-01 42") == phone_digits("0039 (333) 5550142") == "+393335550142"
    assert phone_digits("٣٣٣") == "333"
