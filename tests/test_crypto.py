"""The key ring, with no Django."""

import base64
import string
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.crypto import CannotOpen, Key, KeyRing, KeyRingError, Place, key_id

PLACE = Place("connection.refresh_token", UUID(int=7), 3)
RING = KeyRing(Key.generate("k2"), Key.generate("k1"))
BASE64_KEY = base64.b64encode(bytes(range(32))).decode()


@given(st.text(), st.text(max_size=30), st.uuids(), st.integers(0, 10**9))
def test_whatever_is_sealed_opens_in_its_place(plaintext: str, purpose: str, row: UUID, generation: int) -> None:
    place = Place(purpose, row, generation)
    assert RING.open(RING.seal(plaintext, place), place) == plaintext


@given(st.text(min_size=1), st.data())
def test_a_token_with_one_flipped_bit_does_not_open(plaintext: str, data: st.DataObject) -> None:
    token = bytearray(RING.seal(plaintext, PLACE).encode())
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= 1 << data.draw(st.integers(0, 6))
    with pytest.raises(CannotOpen):
        RING.open(token.decode(), PLACE)


@given(st.text(), st.data())
def test_a_token_cut_short_does_not_open(plaintext: str, data: st.DataObject) -> None:
    token = RING.seal(plaintext, PLACE)
    with pytest.raises(CannotOpen):
        RING.open(token[: data.draw(st.integers(0, len(token) - 1))], PLACE)


@pytest.mark.parametrize("plaintext", ["x", "xy", "xyz"], ids=["one of filling", "no filling", "two of filling"])
@pytest.mark.parametrize("back", [1, 2, 3, 4])
def test_a_token_whose_end_is_spelled_otherwise_does_not_open(plaintext: str, back: int) -> None:
    """Spare bits have many spellings; so has filling."""
    token = RING.seal(plaintext, PLACE)
    kept, replaced, rest = token[:-back], token[-back], token[len(token) - back + 1 :]
    for character in sorted({*string.printable, "", "==", "ä"} - {replaced}):
        with pytest.raises(CannotOpen):
            RING.open(f"{kept}{character}{rest}", PLACE)


@pytest.mark.parametrize("plaintext", ["x", "xy", "xyz"], ids=["one of filling", "no filling", "two of filling"])
@pytest.mark.parametrize("more", ["=", "==", "====", "A", "A=", "AAAA", "\n", " "])
def test_a_token_with_something_after_its_end_does_not_open(plaintext: str, more: str) -> None:
    """Whichever character is the last one."""
    for token in (RING.seal(plaintext, PLACE) for _ in range(200)):
        with pytest.raises(CannotOpen):
            RING.open(f"{token}{more}", PLACE)


def test_a_token_in_the_other_alphabet_does_not_open() -> None:
    tokens = (RING.seal("x" * 99, PLACE) for _ in range(100))
    token = next(token for token in tokens if {"-", "_"} <= set(token))
    for ours, other in (("-", "+"), ("_", "/")):
        head, _, body = token.rpartition(".")
        with pytest.raises(CannotOpen):
            RING.open(f"{head}.{body.replace(ours, other)}", PLACE)


@given(st.text())
def test_text_that_is_no_token_does_not_open(text: str) -> None:
    with pytest.raises(CannotOpen):
        RING.open(text, PLACE)


@given(st.text(alphabet="ABCabc019-_=+/.", max_size=80))
def test_something_after_a_known_key_id_does_not_open(body: str) -> None:
    with pytest.raises(CannotOpen):
        RING.open(f"v1.k1.{body}", PLACE)


@pytest.mark.parametrize(
    "other",
    [
        Place("connection.access_token", PLACE.row, PLACE.generation),
        Place(PLACE.purpose, uuid4(), PLACE.generation),
        Place(PLACE.purpose, PLACE.row, PLACE.generation + 1),
    ],
    ids=["another column", "another row", "another generation"],
)
def test_a_token_moved_elsewhere_does_not_open(other: Place) -> None:
    with pytest.raises(CannotOpen):
        RING.open(RING.seal("secret", PLACE), other)


def test_two_rows_swapped_do_not_open() -> None:
    here, there = Place("p", uuid4()), Place("p", uuid4())
    sealed_here, sealed_there = RING.seal("one", here), RING.seal("two", there)
    for token, place in ((sealed_here, there), (sealed_there, here)):
        with pytest.raises(CannotOpen):
            RING.open(token, place)


def test_another_ring_with_the_same_key_names_does_not_open() -> None:
    other = KeyRing(Key.generate("k2"), Key.generate("k1"))
    with pytest.raises(CannotOpen):
        other.open(RING.seal("secret", PLACE), PLACE)


def test_a_ring_without_the_key_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        KeyRing(Key.generate("k3")).open(RING.seal("secret", PLACE), PLACE)


def test_every_reason_gives_the_same_error() -> None:
    token = RING.seal("secret", PLACE)
    messages = set()
    for altered in ("", "v1", "v1.k1", "v1.k9.AAAA", token[:-4], f"{token}A", token.replace("v1", "v2"), "v1.k2.ä"):
        with pytest.raises(CannotOpen) as caught:
            RING.open(altered, PLACE)
        messages.add(str(caught.value))
        assert caught.value.__cause__ is None
    assert messages == {"cannot be opened with the present keys"}


def test_the_first_key_seals_and_every_key_opens() -> None:
    old, new = Key.generate("old"), Key.generate("new")
    token = KeyRing(old).seal("secret", PLACE)
    both = KeyRing(new, old)
    assert both.open(token, PLACE) == "secret"
    assert not both.sealed_by_first(token)
    assert both.sealed_by_first(both.seal("secret", PLACE))
    assert key_id(both.seal("secret", PLACE)) == "new"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert RING.seal("secret", PLACE) != RING.seal("secret", PLACE)


def test_a_ring_is_read_from_its_variable() -> None:
    key = Key.generate("k1")
    ring = KeyRing.parse(f" {key} , k0:{BASE64_KEY} ,")
    assert ring.ids == ("k1", "k0")
    assert ring.first == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no key"),
        (" , ", "no key"),
        (BASE64_KEY, "entry 1 is not of the form"),
        (f"k1:{BASE64_KEY},k2:not base64!", "entry 2 is not valid base64"),
        (f"K 1:{BASE64_KEY}", "entry 1 has no usable id"),
        (f":{BASE64_KEY}", "entry 1 has no usable id"),
        (f"k1.2:{BASE64_KEY}", "entry 1 has no usable id"),
        ("k1:AAAA", "entry 1 holds 3 bytes"),
        (f"k1:{base64.b64encode(bytes(32)).decode()}", "one byte repeated"),
        (f"k1:{BASE64_KEY},k1:{base64.b64encode(bytes(range(1, 33))).decode()}", "entry 2 has the id of an earlier"),
        (f"k1:{BASE64_KEY},k2:{BASE64_KEY}", "entry 2 is the same key"),
    ],
)
def test_a_malformed_ring_is_refused_by_place_and_without_its_keys(text: str, reason: str) -> None:
    with pytest.raises(KeyRingError, match=reason) as caught:
        KeyRing.parse(text)
    assert BASE64_KEY not in str(caught.value)


def test_neither_ring_nor_key_shows_its_material() -> None:
    key = Key.generate("k1")
    material = str(key).partition(":")[2]
    for shown in (repr(key), repr(KeyRing(key)), f"{KeyRing(key)}"):
        assert material not in shown
        assert repr(key.material) not in shown
