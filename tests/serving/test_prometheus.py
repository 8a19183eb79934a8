"""Metrics as Prometheus reads them."""

from __future__ import annotations

from serving.prometheus import Family, exposition


def test_labels_are_escaped_and_numbers_are_exact() -> None:
    families = [
        Family("a_total", "counter", "Things.", [({"cause": 'a "b"\n'}, 3), ({"cause": "c"}, 12345678901234)]),
        Family("up", "gauge", "Up.", [({}, True)]),
    ]
    assert exposition(families) == (
        "# HELP a_total Things.\n# TYPE a_total counter\n"
        'a_total{cause="a \\"b\\"\\n"} 3\na_total{cause="c"} 12345678901234\n'
        "# HELP up Up.\n# TYPE up gauge\nup 1\n"
    )


def test_a_family_without_samples_is_still_described() -> None:
    assert exposition([Family("a", "gauge", "An a.", [])]) == "# HELP a An a.\n# TYPE a gauge\n"
