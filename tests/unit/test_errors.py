"""A message of an error is read by a person: of bounded length, and nothing in it commands a terminal."""

import pytest

from circuits.errors import LONGEST, InputError, MissingInputError


@pytest.mark.parametrize("kind", [InputError, MissingInputError])
def test_a_message_of_a_megabyte_keeps_what_is_wrong_and_the_remedy(kind):
    said = str(kind(f"a.toml: unknown key '{'x' * 10**6}'; did you mean 'y'?"))
    assert len(said) < LONGEST
    assert said.startswith("a.toml: unknown key 'x")
    assert said.endswith("x'; did you mean 'y'?")
    assert "letters left out" in said


def test_other_messages_stay_as_they_are_but_for_what_a_terminal_obeys():
    assert str(InputError("x" * LONGEST)) == "x" * LONGEST
    assert str(InputError("a\x1b[2Jb\ud8ff")) == r"a\x1b[2Jb\ud8ff"
