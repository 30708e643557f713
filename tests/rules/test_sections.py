"""Which entry of the sidebar is marked on which page."""

import pytest

from integrations.rules import sections


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/admin/integrations/application/1/change/", "Integrations"),
        ("/admin/integrations/connection/1/change/", "Integrations"),
        ("/admin/integrations/connection/last-days/", "Integrations"),
        ("/admin/integrations/company/1/change/", "Integrations"),
        ("/admin/integrations/customer/1/", "Customers"),
        ("/admin/search/", None),
    ],
)
def test_the_marked_entry_is_the_one_with_which_the_crumbs_of_the_page_begin(path: str, label: str | None) -> None:
    marked = sections.marked(list(sections.SECTIONS), path)
    assert (marked.label if marked else None) == label
