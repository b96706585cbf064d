from grader.french import listing, points, times


def test_words():
    assert listing(["node1"]) == "node1"
    assert listing(iter(["a", "b", "c"])) == "a, b et c"
    assert listing([]) == ""
    assert (times(1), times(2)) == ("une fois", "2\u00a0fois")
    assert (points(0), points(1.5), points(2)) == ("0\u00a0point", "1,5\u00a0point", "2\u00a0points")
