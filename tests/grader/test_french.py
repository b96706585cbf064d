from grader.french import listing, points, times, typeset


def test_spaces_that_must_not_break_a_line():
    assert typeset("Vu : 3 s ; fini ?") == "Vu\u00a0: 3\u00a0s\u202f; fini\u202f?"
    assert typeset("dit « node1 » !") == "dit «\u00a0node1\u00a0»\u202f!"
    assert typeset("l'opération") == "l’opération"


def test_code_is_left_as_it_was_typed():
    assert typeset("`a : b` ; d'après `l'un`") == "`a : b`\u202f; d’après `l'un`"
    block = "```yaml\nwhen: x ; y : 'z'\n```"
    assert typeset(block) == block


def test_a_yaml_key_in_prose_is_no_french_colon():
    assert typeset("hosts: all") == "hosts: all"


def test_words():
    assert listing(["node1"]) == "node1"
    assert listing(iter(["a", "b", "c"])) == "a, b et c"
    assert listing([]) == ""
    assert (times(1), times(2)) == ("une fois", "2\u00a0fois")
    assert (points(0), points(1.5), points(2)) == ("0\u00a0point", "1,5\u00a0point", "2\u00a0points")
