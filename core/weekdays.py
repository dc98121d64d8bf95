"""The days of the week by name, in the five languages of the product; folded: lower case, no accents."""

from collections.abc import Mapping

WEEKDAYS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "monday montag lunes lunedi maandag",
            "tuesday dienstag martes martedi dinsdag",
            "wednesday mittwoch miercoles mercoledi woensdag",
            "thursday donnerstag jueves giovedi donderdag",
            "friday freitag viernes venerdi vrijdag",
            "saturday samstag sonnabend sabado sabato zaterdag",
            "sunday sonntag domingo domenica zondag",
        )
    )
    for word in words.split()
}
"""Monday is 0."""
