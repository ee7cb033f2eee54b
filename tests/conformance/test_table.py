"""The table of statements is whole and true: each row has its tests or its reason, and each test names known statements."""
import unittest

import table


class Table(unittest.TestCase):
    def test_every_statement_is_held_or_explained(self):
        self.assertEqual([row[:3] for row in table.rows()[1] if not row[3]], [])

    def test_the_tests_are_as_the_table_says(self):
        self.assertEqual((table.HERE / "table.tsv").read_text(), table.with_holders(table.holders()),
                         "run tests/conformance/table.py --write")

    def test_tests_name_known_statements(self):
        known = {(row[0], row[1]) for row in table.rows()[1]}
        self.assertEqual(sorted(set(table.holders()) - known), [])
