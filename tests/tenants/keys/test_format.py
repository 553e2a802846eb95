"""The text of a key: shape, checksum, chance."""

from tenants.keys import format


def test_the_checksum_is_crc_32_in_six_base62_digits():
    # CRC-32 of "123456789" is 0xCBF43926 (the check value of the polynomial).
    assert format.checksum("123456789") == number_to_base62(0xCBF43926)
    assert format.checksum("") == "000000"


def number_to_base62(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits.rjust(6, "0")


def test_a_fresh_key_reads_back_as_its_parts():
    parts, text = format.mint()
    assert format.parse(text) == parts
    assert text.startswith(f"mw_live_{parts.public_id}_") and len(text) == 70


def test_one_wrong_character_anywhere_is_noticed():
    _, text = format.mint()
    for place in range(len(text)):
        other = "b" if text[place] == "a" else "a"
        assert format.parse(text[:place] + other + text[place + 1 :]) is None


def test_other_texts_are_no_keys():
    _, text = format.mint()
    for wrong in (
        "",
        "mw_live_",
        text[:-1],
        text + "a",
        text + "\n",
        f" {text}",
        "é" * 70,
        text.upper(),
    ):
        assert format.parse(wrong) is None


def test_a_hundred_thousand_keys_share_no_part():
    made = [format.mint() for _ in range(100_000)]
    assert len({parts.secret for parts, _ in made}) == len(made)
    assert len({parts.public_id for parts, _ in made}) == len(made)


def test_all_characters_are_equally_likely():
    text = "".join(format.mint()[0].secret for _ in range(3_000))
    expected = len(text) / 62
    spread = sum((text.count(c) - expected) ** 2 / expected for c in format.ALPHABET)
    assert spread < 130  # chi-squared with 61 degrees of freedom: above 130 once in a million


def test_a_printed_part_shows_no_secret():
    parts, _ = format.mint()
    assert parts.secret not in repr(parts)
