"""The options of the commands that connect somebody: for us, or for a customer."""

from uuid import UUID

from django.core.management.base import CommandParser


def add_whom(parser: CommandParser) -> None:
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--for-us", action="store_true", help="Our own companies.")
    whom.add_argument("--customer", help="The name of a customer, who is added where there is none of that name.")
    whom.add_argument("--customer-id", type=UUID)
